import * as v from 'valibot';
import { TapestryError } from '../../errors.ts';
import { type Checkpoint, checkpointParts, progressSchema } from '../../train/checkpoint.ts';
import { damaged, factsOf, seal, unseal } from '../../train/sealed-file.ts';
import { type Best, type Measurement, measurementSchema } from './measurement.ts';

/** A place in a build, from which it resumes with the same bits. */
export interface BuildState {
  /** The index of the stage. */
  readonly stage: number;
  /** Where the stage is; null before its first step. */
  readonly checkpoint: Checkpoint | null;
  /**
   * The model's parameters at the stage's beginning: what a frozen part is read from. Null where they are those of the build's
   * base, which is not copied into states, and where nothing of the beginning is read any more.
   */
  readonly start: Float32Array<ArrayBuffer> | null;
  /** The reference's log-probability of each answer, or of each row with `kl`, for losses that compare with the stage's beginning. */
  readonly references: Float32Array<ArrayBuffer> | null;
  /** The stage's best measurement and its trained parameters, and how many measurements since were not better. */
  readonly best: (Best & { readonly parameters: Float32Array<ArrayBuffer> }) | null;
  readonly notBetter: number;
  readonly measurements: readonly Measurement[];
  /** For each finished stage, the step whose weights are its result. */
  readonly chosen: readonly number[];
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const factsSchema = v.strictObject({
  base: v.string(),
  stage: count,
  progress: v.nullable(progressSchema),
  best: v.nullable(v.strictObject({ step: count, value: v.pipe(v.number(), v.finite()) })),
  notBetter: count,
  measurements: v.array(measurementSchema),
  chosen: v.array(count),
});

/**
 * Encodes a state as a file. `build` is the build's id, and `base` the hash of the weights that it began with: they are named here and not
 * copied.
 */
export function encodeBuildState(
  build: string,
  base: string,
  state: BuildState,
): Promise<Uint8Array<ArrayBuffer>> {
  const { stage, checkpoint, start, references, best, notBetter, measurements, chosen } = state;
  const { progress = null, vectors = {} } = checkpoint === null ? {} : checkpointParts(checkpoint);
  return seal('build-state', build, {
    facts: {
      base,
      stage,
      progress,
      best: best && { step: best.step, value: best.value },
      ...{ notBetter, measurements, chosen },
    },
    vectors: {
      ...vectors,
      ...(start && { start }),
      ...(references && { references }),
      ...(best && { best: best.parameters }),
    },
  });
}

/**
 * Decodes the state of `build`; a stage begins with a model of `lengthAt` parameters. Throws the errors of `unseal`,
 * and `build.other-base` if it began with other weights than those of the hash `base`.
 */
export async function decodeBuildState(
  bytes: Uint8Array<ArrayBuffer>,
  build: string,
  base: string,
  lengthAt: (stage: number) => number,
): Promise<BuildState> {
  const { facts, vectors } = await unseal('build-state', build, bytes);
  const { base: begun, stage, progress, best, notBetter, measurements, chosen } = factsOf(factsSchema, facts);
  if (begun !== base)
    throw new TapestryError(
      'build.other-base',
      `The build began with the weights ${begun.slice(0, 12)}, and these are ${base.slice(0, 12)}.`,
      'Resume it with the base that it began with, or build into another folder.',
    );
  const { parameters, firstMoment, secondMoment, start = null, references = null, best: bestOnes } = vectors;
  if (start !== null && start.length !== lengthAt(stage)) throw damaged('belongs to another model');
  let checkpoint: Checkpoint | null = null;
  if (progress !== null) {
    if (!parameters || !firstMoment || !secondMoment) throw damaged('lacks a vector');
    const { step, scaling, sampler, kernels } = progress;
    const state = { step, parameters, firstMoment, secondMoment, ...(scaling && { scaling }) };
    checkpoint = { state, sampler, kernels };
  }
  if ((best === null) !== (bestOnes === undefined)) throw damaged('lacks a vector');
  return {
    ...{ stage, checkpoint, start, references, notBetter, measurements, chosen },
    best: best && bestOnes ? { ...best, parameters: bestOnes } : null,
  };
}
