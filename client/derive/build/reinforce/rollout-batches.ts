import * as v from 'valibot';
import type { Batch, BatchShape } from '../../../data/batch.ts';
import { type BatchSource, parsePosition, type SourcePosition } from '../../../data/batch-source.ts';
import { type Example, type ExampleBatch, layExamples } from '../../../data/example.ts';
import { ExampleSampler } from '../../../data/example-sampler.ts';
import { Sampler } from '../../../data/sampler.ts';
import { type PlacedCompletion, policyBatch } from '../../objectives/kernels/policy.ts';
import type { Reinforce } from '../../recipe/reinforce.ts';
import type { StageExample } from '../loss/group-loss.ts';
import { joinBatches, type Replay, replayWeight, replayWindows } from '../stage-batches.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/**
 * What was sampled since the last measurement: the sum of the rewards, the completions, the groups that were dropped, and the rewards
 * that had no answer.
 */
const tallySchema = v.strictObject({
  reward: v.pipe(v.number(), v.finite()),
  completions: count,
  dropped: count,
  failures: count,
});
const positionSchema = v.strictObject({ prompts: v.unknown(), replay: v.unknown(), tally: tallySchema });

export type Tally = v.InferOutput<typeof tallySchema>;

export const emptyTally: Tally = { reward: 0, completions: 0, dropped: 0, failures: 0 };

export interface RolloutBatchesOptions {
  readonly shape: BatchShape;
  readonly seed: number;
  readonly replay: Replay | null;
  readonly reinforce: Pick<Reinforce, 'group' | 'loss'>;
}

/**
 * Batches of sampled completions, one in a window, mixed with windows of base text. A rollout is the completions of the prompts that
 * `draw` gives; after `learnFrom`, each batch has all of them, and other base text.
 */
export class RolloutBatches implements BatchSource {
  tally: Tally = emptyTally;
  readonly #shape: BatchShape;
  readonly #loss: Reinforce['loss'];
  readonly #own: number;
  readonly #prompts: ExampleSampler;
  readonly #replay: { readonly sampler: Sampler; readonly share: number } | null;
  #rollout: { readonly part: ExampleBatch; readonly completions: readonly PlacedCompletion[] } | null = null;

  /** Throws `corpus.too-short` if the base text is shorter than a window. */
  constructor(
    prompts: readonly StageExample[],
    { shape, seed, replay, reinforce: { group, loss } }: RolloutBatchesOptions,
  ) {
    const { batch, sequence } = shape;
    const windows = replayWindows(batch, replay?.share ?? 0, group);
    this.#shape = shape;
    this.#loss = loss;
    this.#own = batch - windows;
    const each = { batch: this.#own / group, sequence };
    this.#prompts = new ExampleSampler(prompts, each, seed, { kind: 'padded', together: 1 });
    this.#replay = replay && {
      sampler: new Sampler(replay.tokens, { batch: windows, sequence }, seed, 'The base text'),
      share: replay.share,
    };
  }

  /** The rollouts in which every prompt is drawn once. */
  get rolloutsPerEpoch(): number {
    return this.#prompts.batchesPerEpoch;
  }

  /** The completions of a rollout, at most. */
  get completions(): number {
    return this.#own;
  }

  /** The indices of the next rollout's prompts. */
  draw(): number[] {
    return this.#prompts.next().places.map(({ example }) => example);
  }

  /** A batch of the whole shape that has completions where `next` has them. */
  lay(completions: readonly Example[]): ExampleBatch {
    return layExamples(completions, eachAlone(completions), this.#shape);
  }

  /** The completions of the batches from here on; `placed` has their places by `lay`. */
  learnFrom(completions: readonly Example[], placed: readonly PlacedCompletion[]): void {
    const { sequence } = this.#shape;
    const part = layExamples(completions, eachAlone(completions), { batch: this.#own, sequence });
    this.#rollout = { part, completions: placed };
  }

  next(): Batch {
    if (this.#rollout === null) throw new Error('there are no completions yet');
    const { part, completions } = this.#rollout;
    const parts: { readonly part: Batch; readonly weight: number }[] = [{ part, weight: 0 }];
    if (this.#replay !== null) {
      const { sampler, share } = this.#replay;
      parts.push({ part: sampler.next(), weight: replayWeight(share) });
    }
    const batch = { ...joinBatches(parts, this.#shape), places: part.places };
    return policyBatch(this.#loss, batch, completions);
  }

  save(): SourcePosition {
    const replay = this.#replay?.sampler.save() ?? null;
    return { prompts: this.#prompts.save(), replay, tally: this.tally };
  }

  restore(saved: unknown): void {
    const position = parsePosition(
      positionSchema,
      saved,
      'the prompts',
      'Start the build again in another folder.',
    );
    const { prompts, replay, tally } = position;
    this.#prompts.restore(prompts);
    this.#replay?.sampler.restore(replay);
    this.tally = tally;
  }
}

const eachAlone = (completions: readonly Example[]) => completions.map((_, index) => [index]);
