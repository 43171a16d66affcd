import * as v from 'valibot';
import { type PartName, partNames } from '../../../relay/wire/fragments.ts';
import { isHash } from '../../../relay/wire/hex.ts';
import { type Checkpoint, checkpointParts, progressSchema } from '../../train/checkpoint.ts';
import { damaged, factsOf, seal, unseal } from '../../train/sealed-file.ts';
import type { OptimizerState } from '../../train/training.ts';
import type { OwnParameters } from './local-model.ts';
import type { PartialRound } from './partial-round.ts';
import { checkMoments, type ModelSizes, type SavedState } from './saved-state.ts';

type Vector = Float32Array<ArrayBuffer>;

/** Names a node's contribution, and the optimizer's step at which it was made. */
export interface MadeContribution {
  readonly round: number;
  /** Hash of the payload, hex. */
  readonly payload: string;
  readonly step: number;
}

/** A round of which some steps are trained. */
export interface UnfinishedRound {
  /** Hash of the round's base, hex. */
  readonly base: string;
  /** The node's parameters after the steps that are done. */
  readonly parameters: Vector;
  readonly done: PartialRound;
}

/**
 * What a node has done since its last contribution, so that a process that ends loses little of it: either a place in a round, or the
 * state after a round that closed before its contribution was made.
 */
export interface NodeSnapshot {
  /**
   * The contribution that the node made last before; null if it made none. The snapshot counts only while this is the one in the node's
   * saved state. Its steps are therefore void from the moment that a contribution with them is saved, and never contributed twice.
   */
  readonly after: MadeContribution | null;
  /** What of the model the node trains: its moments are of this alone. */
  readonly part: PartName;
  /** The round that was trained last. */
  readonly round: number;
  /** See `joinedAt` in rejoin.ts. */
  readonly joinedAt: number | null;
  readonly checkpoint: Checkpoint<OptimizerState>;
  /** The error-feedback residual before the unfinished round, or after the one that closed. */
  readonly residual: Vector;
  /** See `LocalModel`; of an unfinished round, which replaces them, only the round is stored. */
  readonly own: OwnParameters | null;
  readonly unfinished: UnfinishedRound | null;
}

/** The contribution of a saved state. */
export function contributionOf({ contribution, checkpoint }: SavedState): MadeContribution {
  return { round: contribution.round, payload: contribution.payload, step: checkpoint.state.step };
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const finite = v.pipe(v.number(), v.finite());
const hash = v.pipe(v.string(), v.check(isHash));
const readingSchema = v.strictObject({
  steps: count,
  tokens: count,
  trainingLoss: finite,
  tokensPerSecond: finite,
});
const factsSchema = v.strictObject({
  after: v.nullable(v.strictObject({ round: count, payload: hash, step: count })),
  part: v.picklist(partNames),
  round: count,
  joinedAt: v.nullable(count),
  progress: progressSchema,
  own: v.nullable(count),
  unfinished: v.nullable(
    v.strictObject({
      base: hash,
      steps: v.pipe(count, v.minValue(1)),
      readings: v.pipe(v.array(readingSchema), v.minLength(1)),
      heldOutLoss: finite,
      updatesBefore: count,
    }),
  ),
});

/** The bytes of a snapshot's file; `run` is the run's id in hex. */
export function encodeSnapshot(run: string, snapshot: NodeSnapshot): Promise<Uint8Array<ArrayBuffer>> {
  const { after, part, round, joinedAt, residual, own, unfinished } = snapshot;
  const { progress, vectors } = checkpointParts(snapshot.checkpoint);
  const parameters = unfinished?.parameters ?? own?.parameters;
  const { base, done } = unfinished ?? {};
  return seal('node-snapshot', run, {
    facts: {
      ...{ after, part, round, joinedAt, progress },
      own: own?.round ?? null,
      unfinished: done ? { base, ...done } : null,
    },
    vectors: { ...vectors, residual, ...(parameters && { parameters }) },
  });
}

/**
 * Decodes a snapshot of `run` for a model of these sizes.
 * @throws TapestryError `checkpoint.damaged`, `checkpoint.version` or `checkpoint.other-run`
 */
export async function decodeSnapshot(
  bytes: Uint8Array<ArrayBuffer>,
  run: string,
  sizes: ModelSizes,
): Promise<NodeSnapshot> {
  const { facts, vectors } = await unseal('node-snapshot', run, bytes);
  const { firstMoment, secondMoment, residual, parameters: own } = vectors;
  const { after, part, round, joinedAt, progress, unfinished, own: ownRound } = factsOf(factsSchema, facts);
  if (!firstMoment || !secondMoment || !residual) throw damaged('lacks a vector');
  for (const vector of [residual, ...(own ? [own] : [])])
    if (vector.length !== sizes.parameters) throw damaged('belongs to another model');
  checkMoments({ firstMoment, secondMoment }, part, sizes);
  const { step, scaling, sampler, kernels } = progress;
  const state = { step, firstMoment, secondMoment, ...(scaling && { scaling }) };
  const common = { after, part, round, joinedAt, residual, checkpoint: { state, sampler, kernels } };
  if (!own) {
    if (unfinished !== null || ownRound !== null) throw damaged('lacks a vector');
    return { ...common, own: null, unfinished: null };
  }
  if (unfinished !== null && unfinished.steps > step) throw damaged('counts more steps than its optimizer');
  return {
    ...common,
    own: ownRound === null ? null : { round: ownRound, parameters: own },
    unfinished: unfinished && unfinishedOf(unfinished, own),
  };
}

function unfinishedOf(
  { base, ...done }: NonNullable<v.InferOutput<typeof factsSchema>['unfinished']>,
  parameters: Vector,
): UnfinishedRound {
  return { base, parameters, done };
}
