import * as v from 'valibot';
import { type PartName, partNames } from '../../../relay/wire/fragments.ts';
import { isHash } from '../../../relay/wire/hex.ts';
import type { ContributionFacts } from '../../../relay/wire/offer.ts';
import { type Checkpoint, checkpointParts, progressSchema } from '../../train/checkpoint.ts';
import { damaged, factsOf, seal, unseal } from '../../train/sealed-file.ts';
import type { OptimizerState } from '../../train/training.ts';

/** Values of a model, and of its upper layers; null where the run grants no part. */
export interface ModelSizes {
  readonly parameters: number;
  readonly upper: number | null;
}

/** Throws TapestryError `checkpoint.damaged` unless moments are as long as what a node trains. */
export function checkMoments(
  { firstMoment, secondMoment }: Pick<OptimizerState, 'firstMoment' | 'secondMoment'>,
  part: PartName,
  { parameters, upper }: ModelSizes,
): void {
  const length = part === 'upper' ? upper : parameters;
  if (firstMoment.length !== length || secondMoment.length !== length)
    throw damaged('belongs to another model');
}

/** One node's trained and encoded contribution to one round. */
export interface Contribution extends ContributionFacts {
  /** The payload. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The error-feedback residual after the relay accepts this contribution. */
  readonly residual: Float32Array<ArrayBuffer>;
}

/** The state that a node resumes a run from: a checkpoint and a contribution, saved after each completed round. */
export interface SavedState {
  /** It has no parameters, because each round begins with those of its base. Its moments are of the contribution's part alone. */
  readonly checkpoint: Checkpoint<OptimizerState>;
  /** The error-feedback residual before `contribution`. If the contribution does not count, `returned` gives the next one. */
  readonly residual: Float32Array<ArrayBuffer>;
  readonly contribution: Contribution;
  /** See `joinedAt` in rejoin.ts. */
  readonly joinedAt: number | null;
  /** The node's own parameters after its contribution; null in a run that synchronizes the whole model each round. */
  readonly own: Float32Array<ArrayBuffer> | null;
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const hash = v.pipe(v.string(), v.check(isHash));
const loss = v.pipe(v.number(), v.finite());
const factsSchema = v.strictObject({
  progress: progressSchema,
  joinedAt: v.nullable(count),
  contribution: v.strictObject({
    round: count,
    base: hash,
    payload: hash,
    payloadBytes: count,
    steps: count,
    tokens: count,
    trainingLoss: loss,
    heldOutLoss: loss,
    part: v.picklist(partNames),
  }),
});

/** The bytes of a state's file; `run` is the run's id in hex. */
export function encodeState(run: string, state: SavedState): Promise<Uint8Array<ArrayBuffer>> {
  const { residual, contribution, joinedAt, own } = state;
  const { progress, vectors } = checkpointParts(state.checkpoint);
  const { bytes, residual: nextResidual, ...facts } = contribution;
  return seal('node-state', run, {
    facts: { progress, joinedAt, contribution: facts },
    vectors: { ...vectors, residual, nextResidual, ...(own && { own }) },
    payload: bytes,
  });
}

/**
 * Decodes the state of `run` for a model of these sizes.
 * @throws TapestryError `checkpoint.damaged`, `checkpoint.version` or `checkpoint.other-run`
 */
export async function decodeState(
  bytes: Uint8Array<ArrayBuffer>,
  run: string,
  sizes: ModelSizes,
): Promise<SavedState> {
  const { facts, vectors, payload } = await unseal('node-state', run, bytes);
  const { firstMoment, secondMoment, residual, nextResidual, own } = vectors;
  if (!firstMoment || !secondMoment || !residual || !nextResidual || !payload)
    throw damaged('lacks a vector');
  for (const vector of [residual, nextResidual, ...(own ? [own] : [])])
    if (vector.length !== sizes.parameters) throw damaged('belongs to another model');
  const { progress, joinedAt, contribution } = factsOf(factsSchema, facts);
  checkMoments({ firstMoment, secondMoment }, contribution.part, sizes);
  if (contribution.payloadBytes !== payload.length) throw damaged('has a payload of another length');
  const { step, scaling, sampler, kernels } = progress;
  const state = { step, firstMoment, secondMoment, ...(scaling && { scaling }) };
  return {
    checkpoint: { state, sampler, kernels },
    residual,
    contribution: { ...contribution, bytes: payload, residual: nextResidual },
    joinedAt,
    own: own ?? null,
  };
}
