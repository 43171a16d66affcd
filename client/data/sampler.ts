import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import * as v from 'valibot';
import { TapestryError } from '../errors.ts';
import { Random } from '../random.ts';
import { type Batch, type BatchShape, ignoredTarget } from './batch.ts';

const word = v.pipe(v.number(), v.integer());
const samplerState = v.strictObject({
  /** SHA-256, in hex, of the tokens drawn from: other text would make other batches. */
  tokens: v.string(),
  batch: word,
  sequence: word,
  random: v.strictTuple([word, word, word, word]),
});

/** Where a sampler is. JSON-able. */
export type SamplerState = v.InferOutput<typeof samplerState>;

/**
 * Draws windows of `sequence` + 1 tokens whose starts are uniform over the stream. Same tokens, shape and seed, same
 * batches; a restored sampler goes on exactly where the saved one was.
 */
export class Sampler {
  readonly #tokens: Uint16Array;
  readonly #shape: BatchShape;
  #random: Random;
  #hash: string | undefined;

  /** Throws `corpus.too-short`, naming `name`, when not one window fits. */
  constructor(tokens: Uint16Array, shape: BatchShape, seed: number, name = 'The text') {
    if (tokens.length <= shape.sequence)
      throw new TapestryError(
        'corpus.too-short',
        `${name} has ${tokens.length} tokens; one window of this run needs ${shape.sequence + 1}.`,
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
      inputs.set(this.#tokens.subarray(start, start + sequence), row * sequence);
      targets.set(this.#tokens.subarray(start + 1, start + 1 + sequence), row * sequence);
    }
    return { inputs, targets };
  }

  save(): SamplerState {
    const { batch, sequence } = this.#shape;
    return { tokens: this.#tokensHash(), batch, sequence, random: [...this.#random.save()] };
  }

  /** Throws `sampler.damaged` for what `save` did not give, `sampler.changed` if that was of other text or another shape. */
  restore(saved: unknown): void {
    const state = v.safeParse(samplerState, saved);
    if (!state.success)
      throw new TapestryError(
        'sampler.damaged',
        `The saved place in the text cannot be read: ${state.issues[0].message}.`,
        'Start the sampling over with a new seed.',
      );
    const { tokens, batch, sequence, random } = state.output;
    if (tokens !== this.#tokensHash() || batch !== this.#shape.batch || sequence !== this.#shape.sequence)
      throw new TapestryError(
        'sampler.changed',
        'The text, or the shape of a batch, is not the one that the saved place belongs to.',
        'Start the sampling over with a new seed, or give the same text as before.',
      );
    this.#random = Random.restore(random);
  }

  #tokensHash(): string {
    const { buffer, byteOffset, byteLength } = this.#tokens;
    this.#hash ??= bytesToHex(sha256(new Uint8Array(buffer, byteOffset, byteLength)));
    return this.#hash;
  }
}

/**
 * Consecutive windows over the whole of `tokens`: every token but the first is a target exactly once, and what the last
 * batch has too much is ignored. With `maxBatches`, as many windows as fit, spread evenly over the stream.
 */
export function* heldOutBatches(
  tokens: Uint16Array,
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
      const following = tokens.subarray(start + 1, start + 1 + sequence);
      inputs.set(tokens.subarray(start, start + following.length), row * sequence);
      targets.set(following, row * sequence);
    }
    yield { inputs, targets };
  }
}
