import * as v from 'valibot';
import { clock } from '../../client/clock.ts';
import { byteTokenizer } from '../../client/data/tokenizer.ts';
import { type BuildResult, runBuild } from '../../client/derive/build/build.ts';
import { splitData } from '../../client/derive/build/stage-data.ts';
import { planStage, sequenceOf } from '../../client/derive/build/stage-plan.ts';
import { weightsHash } from '../../client/derive/build/stage-weights.ts';
import type { Row } from '../../client/derive/data/row.ts';
import { parseRecipe, type StageKind } from '../../client/derive/recipe/recipe.ts';
import { cacheFiles } from '../../client/host/cache.ts';
import type { Files } from '../../client/runtime.ts';
import { sha256Hex } from '../../client/sha256.ts';
import { recipeHash } from '../../client/train/checkpoint.ts';
import { never } from '../loop.ts';
import { type Base, config, type Weights } from './base.ts';
import type { Figures } from './over-seeds.ts';
import { type Seconds, secondsSchema, timed } from './seconds.ts';

export interface Stage {
  readonly kind: StageKind;
  /** Keys of the recipe besides the kind, as YAML. */
  readonly keys: string;
  readonly train: readonly Row[];
  readonly heldOut: readonly Row[];
  readonly seed: number;
}

/** The weights that a stage begins with, and the text that it replays. */
export type Start = Pick<Base, 'gpu' | 'hash'> & {
  readonly weights: Weights;
  /** Null for the base itself. */
  readonly baseText: Base['baseText'] | null;
};

/** Builds one stage as `tapestry build` does, with its state in memory. */
export async function buildStage(
  { gpu, hash, weights, baseText }: Start,
  { kind, keys, train, heldOut, seed }: Stage,
): Promise<BuildResult> {
  const source = `base_model: memory\n${keys}\nstages:\n  - {kind: ${kind}, datasets: [{path: memory}]}\n`;
  const [recipe] = parseRecipe(source, 'the recipe').stages;
  if (recipe === undefined) throw new RangeError('the recipe has one stage');
  const about = { files: [{ name: 'verses', hash }], lines: train.length + heldOut.length };
  const counts = { leftOut: 0, duplicates: 0, nearCopies: 0 };
  const rows = { train, heldOut, ...about, ...counts };
  const data = splitData(rows, recipe, byteTokenizer, sequenceOf(recipe, config));
  const plan = planStage(recipe, config, data, baseText, seed);
  const files = memoryFiles();
  return runBuild({ id: sha256Hex(source), base: weights, stages: [plan] }, files, {
    runtime: { ...clock, gpu: async () => gpu, cache: cacheFiles() },
    config,
    tokenizer: byteTokenizer,
    references: files,
    checkpointMilliseconds: Number.POSITIVE_INFINITY,
    saveAdapter: async () => {},
    date: Date.now,
    onEvent: (event) => {
      if (event.event === 'measurement')
        process.stderr.write(`${JSON.stringify({ kind, seed, ...event })}\n`);
    },
    signal: never,
  });
}

function memoryFiles(): Files {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    read: async (name) => files.get(name) ?? null,
    write: async (name, bytes) => {
      files.set(name, bytes);
    },
    remove: async (name) => {
      files.delete(name);
    },
  };
}

const figuresSchema: v.GenericSchema<Figures> = v.lazy(() =>
  v.union([v.number(), v.record(v.string(), figuresSchema)]),
);

/** What a stage came to, and how long it took when it ran. */
export interface StageResult {
  readonly figures: Figures;
  readonly seconds: Seconds;
}

const resultSchema: v.GenericSchema<StageResult> = v.strictObject({
  figures: figuresSchema,
  seconds: secondsSchema,
});

/**
 * The figures of a stage's result. They are read from the bench's folder where it has them, so that an interrupted bench does only
 * what is left; a stage is known there by its rows, its recipe, its seed and the weights that it begins with.
 */
export async function stageFigures(
  base: Base,
  stage: Stage,
  figures: (result: BuildResult) => Promise<Figures>,
): Promise<StageResult> {
  return storedFigures(base, stage.kind, stage.seed, stage, async () =>
    figures(await buildStage(base, stage)),
  );
}

/** A result that is read from the bench's folder where it has it; `recipe` is all that the figures depend on beside the base. */
export async function storedFigures(
  base: Pick<Base, 'weights' | 'hash' | 'files'>,
  kind: string,
  seed: number,
  recipe: object,
  make: () => Promise<Figures>,
): Promise<StageResult> {
  const id = recipeHash({ ...recipe, weights: weightsHash(base.weights), hash: base.hash });
  const name = `${kind}-${seed}-${id.slice(0, 16)}.json`;
  const stored = await base.files?.read(name);
  if (stored) return v.parse(resultSchema, JSON.parse(new TextDecoder().decode(stored)));
  const { result: figures, seconds } = await timed(make);
  const result = { figures, seconds };
  await base.files?.write(name, new TextEncoder().encode(JSON.stringify(result)));
  return result;
}

/** The measurements before a stage's first step and of its result, and the result's step. */
export function changes({ measurements, chosen: [step = 0] }: BuildResult): Record<string, Figures> {
  const values = (at: number) => measurements.find((measurement) => measurement.step === at)?.values ?? {};
  return { step, before: values(0), after: values(step) };
}
