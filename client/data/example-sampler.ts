import * as v from 'valibot';
import { TapestryError } from '../errors.ts';
import { Random } from '../random.ts';
import type { BatchShape } from './batch.ts';
import { type BatchSource, parsePosition } from './batch-source.ts';
import { type Example, type ExampleBatch, hashExamples, layExamples, rowsOf } from './example.ts';
import { packWindows } from './packing.ts';

/**
 * How examples lie in windows. `packed`: several in a window, as many as fit; `padded`: one in each window. Examples that belong
 * together (the two answers of a pair, the completions of a prompt) must be padded, and then share a batch.
 */
export type ExampleLayout =
  | { readonly kind: 'packed' }
  | { readonly kind: 'padded'; readonly together: number };

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const position = v.strictObject({
  /** Hash of the examples; others would give other batches. */
  examples: v.string(),
  layout: v.string(),
  batch: whole,
  sequence: whole,
  seed: v.pipe(v.number(), v.safeInteger()),
  epoch: whole,
  /** Batches of the epoch that were given. */
  given: whole,
});

/** An example sampler's saved position, which JSON can hold. */
export type ExamplePosition = v.InferOutput<typeof position>;

/**
 * Gives every example once an epoch, in an order that follows from the seed and the epoch; the last batch of an epoch may be
 * smaller. The same examples, layout, shape and seed give the same batches, and a restored sampler continues with exactly the
 * batches that the saved one would have given.
 */
export class ExampleSampler implements BatchSource {
  readonly #examples: readonly Example[];
  readonly #shape: BatchShape;
  readonly #layout: ExampleLayout;
  readonly #name: string;
  #seed: number;
  #epoch = 0;
  #given = 0;
  #plan: readonly (readonly number[])[] | undefined;
  #hash: string | undefined;

  /**
   * `examples` must fit (see `fitExample`). Throws TapestryError `examples.none` if there are none, and `examples.together` if
   * the examples, or the windows of a batch, are no multiple of those that belong together.
   */
  constructor(
    examples: readonly Example[],
    shape: BatchShape,
    seed: number,
    layout: ExampleLayout = { kind: 'packed' },
  ) {
    if (examples.length === 0)
      throw new TapestryError(
        'examples.none',
        'There is no example to train on.',
        'Give data with at least one answer that fits the context.',
      );
    const together = layout.kind === 'padded' ? layout.together : 1;
    if (examples.length % together !== 0 || shape.batch % together !== 0)
      throw new TapestryError(
        'examples.together',
        `${examples.length} examples in batches of ${shape.batch} windows cannot be taken ${together} at a time.`,
        `Choose a batch that is a multiple of ${together}.`,
      );
    this.#examples = examples;
    this.#shape = shape;
    this.#seed = seed;
    this.#layout = layout;
    this.#name = layout.kind === 'padded' ? `padded ${layout.together}` : 'packed';
  }

  /** Batches of the current epoch. Epochs of packed examples differ little. */
  get batchesPerEpoch(): number {
    return Math.ceil(this.#windows().length / this.#shape.batch);
  }

  /** Whole epochs that were given. */
  get epoch(): number {
    return this.#epoch;
  }

  next(): ExampleBatch {
    const { batch } = this.#shape;
    const windows = this.#windows().slice(this.#given * batch, (this.#given + 1) * batch);
    this.#given++;
    if (this.#given >= this.batchesPerEpoch) {
      this.#epoch++;
      this.#given = 0;
      this.#plan = undefined;
    }
    return layExamples(this.#examples, windows, this.#shape);
  }

  save(): ExamplePosition {
    const { batch, sequence } = this.#shape;
    const at = { seed: this.#seed, epoch: this.#epoch, given: this.#given };
    return { examples: this.#examplesHash(), layout: this.#name, batch, sequence, ...at };
  }

  /** Throws TapestryError `sampler.damaged` or, if the position belongs to other examples or batches, `sampler.changed`. */
  restore(saved: unknown): void {
    const parsed = parsePosition(position, saved, 'the examples', 'Start again with a new seed.');
    const { examples, layout, batch, sequence, seed, epoch, given } = parsed;
    const own = this.#shape;
    const same = layout === this.#name && batch === own.batch && sequence === own.sequence;
    if (!same || examples !== this.#examplesHash())
      throw new TapestryError(
        'sampler.changed',
        'The saved position belongs to other examples or another shape of batches.',
        'Give the same data as before, or start again with a new seed.',
      );
    const before = { seed: this.#seed, epoch: this.#epoch, given: this.#given };
    this.#place({ seed, epoch, given });
    if (given < this.batchesPerEpoch) return;
    this.#place(before);
    throw new TapestryError(
      'sampler.damaged',
      `The saved position in the examples is past the end of its epoch: batch ${given}.`,
      'Start again with a new seed.',
    );
  }

  #place({ seed, epoch, given }: Pick<ExamplePosition, 'seed' | 'epoch' | 'given'>): void {
    this.#seed = seed;
    this.#epoch = epoch;
    this.#given = given;
    this.#plan = undefined;
  }

  /** The windows of the current epoch. */
  #windows(): readonly (readonly number[])[] {
    this.#plan ??= planEpoch(this.#examples, this.#shape.sequence, this.#layout, this.#random());
    return this.#plan;
  }

  #random(): Random {
    return Random.seeded(this.#seed, this.#epoch);
  }

  #examplesHash(): string {
    this.#hash ??= hashExamples(this.#examples);
    return this.#hash;
  }
}

/** The indices of each window's examples, in the order of an epoch. */
function planEpoch(
  examples: readonly Example[],
  sequence: number,
  layout: ExampleLayout,
  random: Random,
): readonly (readonly number[])[] {
  if (layout.kind === 'padded') {
    const { together } = layout;
    const groups = shuffled(examples.length / together, random);
    return groups.flatMap((group) => Array.from({ length: together }, (_, i) => [group * together + i]));
  }
  const order = shuffled(examples.length, random);
  const windows = packed(examples, order, sequence);
  return shuffled(windows.length, random).map((window) => windows[window] ?? []);
}

/** Packs examples, those of equal length in the given order. */
function packed(examples: readonly Example[], order: readonly number[], sequence: number): number[][] {
  const lengths = order.map((index) => {
    const example = examples[index];
    return example === undefined ? 0 : rowsOf(example);
  });
  return packWindows(lengths, sequence).map((items) => items.map((item) => order[item] ?? 0));
}

/** The numbers below `count` in a random order (Fisher and Yates). */
function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let last = count - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  return order;
}

/** Every example once, packed; for evaluation. `examples` must fit. */
export function* exampleBatches(examples: readonly Example[], shape: BatchShape): Generator<ExampleBatch> {
  const windows = packed(examples, [...examples.keys()], shape.sequence);
  for (let first = 0; first < windows.length; first += shape.batch)
    yield layExamples(examples, windows.slice(first, first + shape.batch), shape);
}
