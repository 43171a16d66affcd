import * as v from 'valibot';
import type { SourcePosition } from '../data/batch-source.ts';
import { canonicalJson } from '../formats/json.ts';
import { type KernelRecord, kernelRecordSchema } from '../gpu/tuning/kernel-record.ts';
import { sha256Hex } from '../sha256.ts';
import { damaged, factsOf, seal, unseal } from './sealed-file.ts';
import type { OptimizerState, TrainerState } from './training.ts';

/** A place in a training run between two steps: everything that the remaining steps depend on, except the kernels. */
export interface Place<State extends OptimizerState = TrainerState> {
  readonly state: State;
  readonly sampler: SourcePosition;
}

/** A place and its kernels: on the same adapter, training resumes from it with the same bits. */
export interface Checkpoint<State extends OptimizerState = TrainerState> extends Place<State> {
  readonly kernels: KernelRecord;
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const float = v.pipe(v.number(), v.finite(), v.minValue(0));

/** The schema of a checkpoint's content besides its vectors. */
export const progressSchema = v.strictObject({
  step: count,
  scaling: v.optional(
    v.strictObject({
      lossScale: float,
      goodSteps: count,
      firstWeight: float,
      secondWeight: float,
      appliedSteps: count,
      skippedSteps: count,
      stuckSteps: count,
    }),
  ),
  // The source's `restore` checks it.
  sampler: v.record(v.string(), v.unknown()),
  kernels: kernelRecordSchema,
});

/**
 * Identifies a run by everything that determines its bits: SHA-256, in hex, of a recipe of JSON values (model, batch, optimizer,
 * schedule, seed, storage), independent of the order of its keys.
 */
export function recipeHash(recipe: object): string {
  return sha256Hex(canonicalJson(recipe));
}

/** Splits a checkpoint into JSON values and the flat vectors. */
export function checkpointParts<State extends OptimizerState>({
  state: { step, scaling, ...vectors },
  sampler,
  kernels,
}: Checkpoint<State>) {
  return { progress: { step, scaling, sampler, kernels }, vectors };
}

/** Encodes a checkpoint as a file; `recipe` is the run's `recipeHash`. */
export function encodeCheckpoint(recipe: string, checkpoint: Checkpoint): Promise<Uint8Array<ArrayBuffer>> {
  const { progress, vectors } = checkpointParts(checkpoint);
  return seal('checkpoint', recipe, { facts: progress, vectors });
}

/** Decodes a checkpoint of the run `recipe`. Throws the errors of `unseal`. */
export async function decodeCheckpoint(bytes: Uint8Array<ArrayBuffer>, recipe: string): Promise<Checkpoint> {
  const { facts, vectors } = await unseal('checkpoint', recipe, bytes);
  const { parameters, firstMoment, secondMoment } = vectors;
  if (!parameters || !firstMoment || !secondMoment) throw damaged('lacks a vector');
  const { step, scaling, sampler, kernels } = factsOf(progressSchema, facts);
  const state = { step, parameters, firstMoment, secondMoment, ...(scaling && { scaling }) };
  return { state, sampler, kernels };
}
