import { type Batch, type BatchShape, ignoredTarget } from '../data/batch.ts';
import { TapestryError } from '../errors.ts';
import type { Allocator } from '../gpu/device.ts';
import type { BufferRange } from '../gpu/program.ts';

/** Words that make up 256 bytes, where a binding may begin. */
const borderWords = 64;

/**
 * A batch on the GPU, in one or several parts of the same shape that are worked on one after the other: tokens, targets,
 * and the rows sorted by token, which the embedding's backward pass gathers by. Uploading allocates nothing.
 */
export class BatchBuffers {
  /** Those of the part that was bound last. */
  readonly tokens: BufferRange;
  readonly targets: BufferRange;
  readonly order: BufferRange;
  readonly starts: BufferRange;
  readonly #queue: Allocator['device']['queue'];
  readonly #shape: BatchShape;
  readonly #vocabulary: number;
  readonly #bound: GPUBuffer;
  /** All parts, one after the other. */
  readonly #staged: GPUBuffer;
  /** One part, and where its four arrays begin. */
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #starts: Uint32Array<ArrayBuffer>;
  readonly #places: readonly [tokens: number, targets: number, order: number, starts: number];

  constructor({ device }: Allocator, shape: BatchShape, vocabulary: number, parts = 1) {
    const rows = shape.batch * shape.sequence;
    const step = Math.ceil(rows / borderWords) * borderWords;
    const size = (3 * step + vocabulary + 1) * 4;
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    this.#bound = device.createBuffer({ label: 'batch', size, usage: STORAGE | COPY_DST });
    this.#staged = device.createBuffer({
      label: 'staged batch',
      size: size * parts,
      usage: COPY_SRC | COPY_DST,
    });
    const range = (place: number, words: number) => ({
      buffer: this.#bound,
      offset: place * 4,
      size: words * 4,
    });
    this.#places = [0, step, 2 * step, 3 * step];
    this.tokens = range(0, rows);
    this.targets = range(step, rows);
    this.order = range(2 * step, rows);
    this.starts = range(3 * step, vocabulary + 1);
    this.#queue = device.queue;
    this.#shape = shape;
    this.#vocabulary = vocabulary;
    this.#words = new Uint32Array(size / 4);
    this.#starts = this.#words.subarray(3 * step);
  }

  /**
   * Queues the upload of a batch that has `parts` times the rows of the shape; returns how many of its targets count.
   * Throws TapestryError `batch.shape` or `batch.token`.
   */
  upload({ inputs, targets }: Batch, parts: number): number {
    const { batch, sequence } = this.#shape;
    const rows = batch * sequence;
    if (inputs.length !== rows * parts || targets.length !== rows * parts)
      throw new TapestryError(
        'batch.shape',
        `a batch of ${inputs.length} inputs and ${targets.length} targets came where ${batch * parts} x ${sequence} belong`,
        'sample batches with the shape the trainer was made for',
      );
    const vocabulary = this.#vocabulary;
    let counted = 0;
    for (const token of inputs) if (token >= vocabulary) throw unknownToken(token, vocabulary);
    for (const target of targets) {
      if (target !== ignoredTarget && target >= vocabulary) throw unknownToken(target, vocabulary);
      if (target !== ignoredTarget) counted++;
    }
    const [tokensAt, targetsAt, orderAt] = this.#places;
    for (let part = 0; part < parts; part++) {
      const [from, to] = [part * rows, (part + 1) * rows];
      const tokens = inputs.subarray(from, to);
      this.#words.set(tokens, tokensAt);
      this.#words.set(targets.subarray(from, to), targetsAt);
      this.#sort(tokens, this.#words.subarray(orderAt, orderAt + rows));
      this.#queue.writeBuffer(this.#staged, part * this.#bound.size, this.#words);
    }
    return counted;
  }

  /** What is encoded after it sees this part of the batch. */
  bind(encoder: GPUCommandEncoder, part: number): void {
    const { size } = this.#bound;
    encoder.copyBufferToBuffer(this.#staged, part * size, this.#bound, 0, size);
  }

  /** A counting sort, stable, so that each token's rows are summed from the first to the last. */
  #sort(tokens: Uint32Array, order: Uint32Array): void {
    const starts = this.#starts.fill(0);
    const vocabulary = this.#vocabulary;
    for (const token of tokens) starts[token + 1] = (starts[token + 1] ?? 0) + 1;
    for (let token = 0; token < vocabulary; token++)
      starts[token + 1] = (starts[token + 1] ?? 0) + (starts[token] ?? 0);
    // Placing the rows moves each token's start to its end, which is the next token's start.
    tokens.forEach((token, row) => {
      const at = starts[token] ?? 0;
      order[at] = row;
      starts[token] = at + 1;
    });
    starts.copyWithin(1, 0, vocabulary);
    starts[0] = 0;
  }

  close(): void {
    this.#bound.destroy();
    this.#staged.destroy();
  }
}

function unknownToken(token: number, vocabulary: number): TapestryError {
  return new TapestryError(
    'batch.token',
    `token ${token} is outside a vocabulary of ${vocabulary}`,
    'use the tokenizer that the model was made for',
  );
}
