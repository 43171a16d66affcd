import { type Batch, type BatchShape, ignoredTarget } from '../data/batch.ts';
import { TapestryError } from '../errors.ts';
import type { Device } from '../gpu/device.ts';
import { type BufferRange, whole } from '../gpu/program.ts';

/**
 * A batch on the GPU: tokens, targets, and the rows sorted by token, which the embedding's backward pass gathers by.
 * Uploading allocates nothing.
 */
export class BatchBuffers {
  readonly tokens: BufferRange;
  readonly targets: BufferRange;
  readonly order: BufferRange;
  readonly starts: BufferRange;
  readonly #queue: GPUQueue;
  readonly #order: Uint32Array<ArrayBuffer>;
  readonly #starts: Uint32Array<ArrayBuffer>;
  readonly #shape: BatchShape;

  constructor({ device }: Device, shape: BatchShape, vocabulary: number) {
    const rows = shape.batch * shape.sequence;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    const make = (label: string, words: number) =>
      whole(device.createBuffer({ label, size: words * 4, usage }));
    this.tokens = make('tokens', rows);
    this.targets = make('targets', rows);
    this.order = make('order', rows);
    this.starts = make('starts', vocabulary + 1);
    this.#queue = device.queue;
    this.#order = new Uint32Array(rows);
    this.#starts = new Uint32Array(vocabulary + 1);
    this.#shape = shape;
  }

  /** Queues the upload; returns how many targets count. Throws TapestryError `batch.shape` or `batch.token`. */
  upload({ inputs, targets }: Batch): number {
    const { batch, sequence } = this.#shape;
    if (inputs.length !== this.#order.length || targets.length !== this.#order.length)
      throw new TapestryError(
        'batch.shape',
        `a batch of ${inputs.length} inputs and ${targets.length} targets came where ${batch} x ${sequence} belong`,
        'sample batches with the shape the trainer was made for',
      );
    const vocabulary = this.#starts.length - 1;
    let counted = 0;
    for (const target of targets) {
      if (target !== ignoredTarget && target >= vocabulary) throw unknownToken(target, vocabulary);
      if (target !== ignoredTarget) counted++;
    }
    this.#sort(inputs, vocabulary);
    this.#queue.writeBuffer(this.tokens.buffer, 0, inputs);
    this.#queue.writeBuffer(this.targets.buffer, 0, targets);
    this.#queue.writeBuffer(this.order.buffer, 0, this.#order);
    this.#queue.writeBuffer(this.starts.buffer, 0, this.#starts);
    return counted;
  }

  /** A counting sort, stable, so that each token's rows are summed from the first to the last. */
  #sort(inputs: Uint32Array, vocabulary: number): void {
    const starts = this.#starts.fill(0);
    for (const token of inputs) {
      if (token >= vocabulary) throw unknownToken(token, vocabulary);
      starts[token + 1] = (starts[token + 1] ?? 0) + 1;
    }
    for (let token = 0; token < vocabulary; token++)
      starts[token + 1] = (starts[token + 1] ?? 0) + (starts[token] ?? 0);
    // Placing the rows moves each token's start to its end, which is the next token's start.
    inputs.forEach((token, row) => {
      const at = starts[token] ?? 0;
      this.#order[at] = row;
      starts[token] = at + 1;
    });
    starts.copyWithin(1, 0, vocabulary);
    starts[0] = 0;
  }

  close(): void {
    for (const range of [this.tokens, this.targets, this.order, this.starts]) range.buffer.destroy();
  }
}

function unknownToken(token: number, vocabulary: number): TapestryError {
  return new TapestryError(
    'batch.token',
    `token ${token} is outside a vocabulary of ${vocabulary}`,
    'use the tokenizer that the model was made for',
  );
}
