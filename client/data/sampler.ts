import * as v from 'valibot';
import { TapestryError } from '../errors.ts';
import { Random } from '../random.ts';
import { type Batch, type BatchShape, ignoredTarget } from './batch.ts';
import { type BatchSource, parsePosition } from './batch-source.ts';
import type { Tokens } from './tokens.ts';

const word = v.pipe(v.number(), v.integer());
const samplerState = v.strictObject({
  /** Hash of the tokens that the sampler draws from; other tokens would give other batches. */
  tokens: v.string(),
  batch: word,
  sequence: word,
  random: v.strictTuple([word, word, word, word]),
});

/** A sampler's saved position, which JSON can hold. */
export type SamplerState = v.InferOutput<typeof samplerState>;

/**
 * Draws windows of `sequence` + 1 tokens whose starts are uniform over the tokens. The same tokens, shape and seed give
 * the same batches, and a restored sampler continues with exactly the batches that the saved one would have drawn.
 */
export class Sampler implements BatchSource {
  readonly #tokens: Tokens;
  readonly #shape: BatchShape;
  #random: Random;
  #hash: string | undefined;

  /** Throws `corpus.too-short`, with `name` in its message, if the tokens are shorter than one window. */
  constructor(tokens: Tokens, shape: BatchShape, seed: number, name = 'The text') {
    if (tokens.length <= shape.sequence)
      throw new TapestryError(
        'corpus.too-short',
        `${name} has ${tokens.length} tokens to train on; one window of this run needs ${shape.sequence + 1}.`,
        'Add text, or join a run with a shorter context.',
      );
    this.#tokens = tokens;
    this.#shape = shape;
    this.#random = Random.seeded(seed);
  }

  next(): Batch {
    const { batch, sequence } = this.#shape;
    const inputs = new Uint32Array(batch * sequence);
    const targets = new Uint32Array(batch * sequence);
    for (let row = 0; row < batch; row++) {
      const start = this.#random.below(this.#tokens.length - sequence);
      this.#tokens.copy(start, inputs.subarray(row * sequence, (row + 1) * sequence));
      this.#tokens.copy(start + 1, targets.subarray(row * sequence, (row + 1) * sequence));
    }
    return { inputs, targets };
  }

  save(): SamplerState {
    const { batch, sequence } = this.#shape;
    return { tokens: this.#tokensHash(), batch, sequence, random: [...this.#random.save()] };
  }

  /**
   * Restores a position that `save` returned. Throws `sampler.damaged` if it cannot be read, `sampler.changed` if it belongs
   * to other text or another batch shape.
   */
  restore(saved: unknown): void {
    const state = parsePosition(samplerState, saved, 'the text', 'Start again with a new seed.');
    const { tokens, batch, sequence, random } = state;
    if (tokens !== this.#tokensHash() || batch !== this.#shape.batch || sequence !== this.#shape.sequence)
      throw new TapestryError(
        'sampler.changed',
        'The saved position belongs to another text or another batch shape.',
        'Give the same text as before, or start again with a new seed.',
      );
    this.#random = Random.restore(random);
  }

  #tokensHash(): string {
    this.#hash ??= this.#tokens.hash();
    return this.#hash;
  }
}

/**
 * Consecutive windows over all of `tokens`: every token but the first is a target exactly once, and unused rows of the last
 * batch are ignored. With `maxBatches`, it gives the windows that fit in so many batches, spread evenly over the tokens.
 */
export function* heldOutBatches(
  tokens: Tokens,
  shape: BatchShape,
  maxBatches = Number.POSITIVE_INFINITY,
): Generator<Batch> {
  const { batch, sequence } = shape;
  const windows = Math.ceil(Math.max(0, tokens.length - 1) / sequence);
  const rows = Math.min(windows, maxBatches * batch);
  for (let first = 0; first < rows; first += batch) {
    const inputs = new Uint32Array(batch * sequence);
    const targets = new Uint32Array(batch * sequence).fill(ignoredTarget);
    for (let row = 0; row < batch && first + row < rows; row++) {
      const start = Math.floor(((first + row) * windows) / rows) * sequence;
      const count = Math.min(sequence, tokens.length - 1 - start);
      tokens.copy(start, inputs.subarray(row * sequence, row * sequence + count));
      tokens.copy(start + 1, targets.subarray(row * sequence, row * sequence + count));
    }
    yield { inputs, targets };
  }
}
