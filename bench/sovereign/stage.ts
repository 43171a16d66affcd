import { clock } from '../../client/clock.ts';
import type { TokenizedCorpus } from '../../client/data/corpus.ts';
import { byteTokenizer } from '../../client/data/tokenizer.ts';
import { type BuildResult, runBuild } from '../../client/derive/build/build.ts';
import { splitData } from '../../client/derive/build/stage-data.ts';
import { planStage } from '../../client/derive/build/stage-plan.ts';
import type { Row } from '../../client/derive/data/row.ts';
import { parseRecipe, type StageKind } from '../../client/derive/recipe/recipe.ts';
import { cacheFiles } from '../../client/host/cache.ts';
import { presets } from '../../client/model/config.ts';
import type { Files } from '../../client/runtime.ts';
import { sha256Hex } from '../../client/sha256.ts';
import { never } from '../loop.ts';

/** The model of the bench; rows are as long as its context. */
export const config = presets.nano;
export type Weights = Float32Array<ArrayBuffer>;

export interface Stage {
  readonly kind: StageKind;
  /** Keys of the recipe besides the kind, as YAML. */
  readonly keys: string;
  readonly train: readonly Row[];
  readonly heldOut: readonly Row[];
  readonly from: Weights;
  /** For replay, and for the loss on it; null for the base itself. */
  readonly baseText: TokenizedCorpus | null;
  readonly seed: number;
}

/** Builds one stage as `tapestry build` does, with its state in memory. `hash` is that of the verses' file. */
export async function buildStage(
  gpu: GPU,
  hash: string,
  { kind, keys, train, heldOut, from, baseText, seed }: Stage,
): Promise<BuildResult> {
  const source = `base_model: memory\n${keys}\nstages:\n  - {kind: ${kind}, datasets: [{path: memory}]}\n`;
  const [recipe] = parseRecipe(source, 'the recipe').stages;
  if (recipe === undefined) throw new RangeError('the recipe has one stage');
  const about = { files: [{ name: 'verses', hash }], lines: train.length + heldOut.length };
  const counts = { leftOut: 0, duplicates: 0, nearCopies: 0 };
  const rows = { train, heldOut, ...about, ...counts };
  const data = splitData(rows, recipe, byteTokenizer, config.contextLength);
  const plan = planStage(recipe, config, data, baseText, seed);
  const kept = new Map<string, Uint8Array<ArrayBuffer>>();
  const files: Files = {
    read: async (name) => kept.get(name) ?? null,
    write: async (name, bytes) => {
      kept.set(name, bytes);
    },
  };
  return runBuild({ id: sha256Hex(source), base: from, stages: [plan] }, files, {
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

/** The measurement before a stage's first step and that of its result. */
export function changes({ measurements, chosen }: BuildResult) {
  const result = measurements.find(({ step }) => step === chosen[0]);
  return { step: chosen[0], before: measurements[0]?.values, after: result?.values };
}
