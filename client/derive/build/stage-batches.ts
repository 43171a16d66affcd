import * as v from 'valibot';
import { type Batch, type BatchShape, ignoredTarget } from '../../data/batch.ts';
import { type BatchSource, parsePosition, type SourcePosition } from '../../data/batch-source.ts';
import { type ExampleBatch, rowsOf } from '../../data/example.ts';
import { type ExampleLayout, ExampleSampler } from '../../data/example-sampler.ts';
import { Sampler } from '../../data/sampler.ts';
import type { Tokens } from '../../data/tokens.ts';
import { divergenceBatch } from '../objectives/kernels/divergence.ts';
import type { GroupLoss, StageExample } from './loss/group-loss.ts';

/** Base text that is mixed into every batch; its `share` of the loss is above 0 and below 1. */
export interface Replay {
  readonly tokens: Tokens;
  readonly share: number;
}

export interface StageBatchesOptions {
  readonly shape: BatchShape;
  readonly seed: number;
  readonly replay: Replay | null;
  /** True to put several examples into a window; they do not attend to each other. */
  readonly packing: boolean;
  /** A loss over groups of examples, each in a window of its own; by default, the mean over the examples' targets. */
  readonly groups?: { readonly loss: GroupLoss; readonly references: Float32Array };
  /** The cost of a divergence from a reference, and its log-probability of each row of all examples; see `divergenceLoss`. */
  readonly divergence?: { readonly beta: number; readonly references: Float32Array };
}

const positionSchema = v.strictObject({ examples: v.unknown(), replay: v.unknown() });

/** The windows of a batch that hold base text: the share of all, at least one, and not all. The others are whole groups. */
export function replayWindows(batch: number, share: number, together: number): number {
  if (share === 0) return batch % together;
  const most = Math.max(0, batch - together);
  const windows = Math.min(most, Math.max(1, Math.round(share * batch)));
  return windows + ((batch - windows) % together);
}

/** The factor of base text beside a loss that has none of its own, so that base text is `share` of the whole. */
export function replayWeight(share: number): number {
  return share / (1 - share);
}

/** One batch of `shape` that holds the parts' windows one after the other. The targets of each part share its weight equally. */
export function joinBatches(
  parts: readonly { readonly part: Batch; readonly weight: number }[],
  shape: BatchShape,
): Omit<ExampleBatch, 'places'> {
  const rows = shape.batch * shape.sequence;
  const inputs = new Uint32Array(rows);
  const targets = new Uint32Array(rows).fill(ignoredTarget);
  const weights = new Float32Array(rows);
  const documents = new Uint32Array(rows);
  let at = 0;
  for (const { part, weight } of parts) {
    inputs.set(part.inputs, at);
    targets.set(part.targets, at);
    if (part.documents !== undefined) documents.set(part.documents, at);
    const counted = part.targets.reduce((sum, target) => sum + (target === ignoredTarget ? 0 : 1), 0);
    for (const [row, target] of part.targets.entries())
      if (target !== ignoredTarget) weights[at + row] = weight / counted;
    at += part.inputs.length;
  }
  return { inputs, targets, weights, documents };
}

/**
 * Batches of examples, in an order that the seed gives each epoch, mixed with windows of base text. The loss of a batch is
 * (1 - share) times the mean over the examples' targets plus share times the mean over the base text's.
 */
export class StageBatches implements BatchSource {
  readonly #shape: BatchShape;
  readonly #list: readonly StageExample[];
  readonly #groups: StageBatchesOptions['groups'];
  readonly #divergence: StageBatchesOptions['divergence'];
  /** The first row of each example among those of all. */
  readonly #firstRows: readonly number[];
  readonly #examples: ExampleSampler;
  readonly #replay: { readonly sampler: Sampler; readonly share: number } | null;

  /** Throws `corpus.too-short` if the base text is shorter than a window. */
  constructor(
    examples: readonly StageExample[],
    { shape, seed, replay, packing, groups, divergence }: StageBatchesOptions,
  ) {
    const { batch, sequence } = shape;
    const together = groups === undefined ? 1 : 2;
    const windows = replayWindows(batch, replay?.share ?? 0, together);
    const layout: ExampleLayout =
      packing && groups === undefined ? { kind: 'packed' } : { kind: 'padded', together };
    this.#shape = shape;
    this.#list = examples;
    this.#groups = groups;
    this.#divergence = divergence;
    let row = 0;
    this.#firstRows = examples.map((example) => {
      row += rowsOf(example);
      return row - rowsOf(example);
    });
    this.#examples = new ExampleSampler(examples, { batch: batch - windows, sequence }, seed, layout);
    this.#replay = replay && {
      sampler: new Sampler(replay.tokens, { batch: windows, sequence }, seed, 'The base text'),
      share: replay.share,
    };
  }

  get batchesPerEpoch(): number {
    return this.#examples.batchesPerEpoch;
  }

  next(): Batch {
    const own = this.#examples.next();
    const share = this.#replay?.share ?? 0;
    const parts: { readonly part: Batch; readonly weight: number }[] = [{ part: own, weight: 1 - share }];
    if (this.#replay !== null)
      parts.push({
        part: this.#replay.sampler.next(),
        weight: this.#groups === undefined ? share : replayWeight(share),
      });
    const joined = joinBatches(parts, this.#shape);
    const batch = { ...joined, places: own.places };
    if (this.#divergence !== undefined) {
      const { beta, references } = this.#divergence;
      return divergenceBatch(beta, batch, (example) => references.subarray(this.#firstRows[example]));
    }
    if (this.#groups === undefined) return joined;
    const { loss, references } = this.#groups;
    return loss.batch(batch, this.#list, references);
  }

  save(): SourcePosition {
    return { examples: this.#examples.save(), replay: this.#replay?.sampler.save() ?? null };
  }

  restore(saved: unknown): void {
    const position = parsePosition(
      positionSchema,
      saved,
      'the data',
      'Start the build again in another folder.',
    );
    this.#examples.restore(position.examples);
    this.#replay?.sampler.restore(position.replay);
  }
}
