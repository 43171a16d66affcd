import { type Allocator, tooSmall } from './device.ts';
import type { BufferRange } from './program.ts';
import type { Readback } from './readback.ts';

export interface FlatVectorOptions {
  readonly label: string;
  /** Elements. */
  readonly length: number;
  readonly bytesPerElement: 2 | 4;
  /** Element offsets at which the vector may be split, ascending from 0. The elements between two of them are bound together. */
  readonly cuts: readonly number[];
}

/** The amount that is read, or cast to f16, at once. */
const pieceBytes = 2 ** 25;

/** Elements of a flat vector that fit one binding. */
export interface Part {
  readonly offset: number;
  readonly length: number;
}

/** Parts of several vectors of the same length, each of which is in one part of every vector; see `FlatVector.parts`. */
export function commonParts(vectors: readonly FlatVector[], maxBytes: number, step: number): Part[] {
  const offsets = vectors.flatMap((vector) => vector.parts(maxBytes, step).map(({ offset }) => offset));
  const starts = [...new Set(offsets)].sort((a, b) => a - b);
  return starts.map((offset, i) => ({
    offset,
    length: (starts[i + 1] ?? vectors[0]?.length ?? offset) - offset,
  }));
}

interface Shard extends Part {
  readonly buffer: GPUBuffer;
}

/** A vector over a model's parameters, in one buffer or, if it exceeds the adapter's buffer limit, in several. */
export class FlatVector {
  readonly length: number;
  readonly #queue: Allocator['device']['queue'];
  readonly bytesPerElement: 2 | 4;
  readonly #shards: readonly Shard[];

  /** Throws TapestryError `device.too-small` if the elements between two cuts do not fit a buffer. */
  constructor(
    { device, bufferBytes }: Allocator,
    { label, length, bytesPerElement, cuts }: FlatVectorOptions,
  ) {
    const most = Math.floor(bufferBytes / bytesPerElement);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const shards: Shard[] = [];
    for (let offset = 0; offset < length; ) {
      const end =
        length - offset <= most
          ? length
          : (cuts.findLast((cut) => cut > offset && cut - offset <= most) ?? 0);
      if (end <= offset)
        throw tooSmall(`${label} has a part of more than ${most} elements`, 'choose a smaller preset');
      const size = (end - offset) * bytesPerElement;
      shards.push({ offset, length: end - offset, buffer: device.createBuffer({ label, size, usage }) });
      offset = end;
    }
    this.length = length;
    this.#queue = device.queue;
    this.bytesPerElement = bytesPerElement;
    this.#shards = shards;
  }

  /** The range of `length` elements from `offset` on, which must lie between two adjacent cuts. */
  range(offset: number, length: number): BufferRange {
    const shard = this.#shards.find(
      (each) => each.offset <= offset && offset + length <= each.offset + each.length,
    );
    if (shard === undefined) throw new RangeError(`${offset} to ${offset + length} is not within one buffer`);
    const bytes = this.bytesPerElement;
    return { buffer: shard.buffer, offset: (offset - shard.offset) * bytes, size: length * bytes };
  }

  /** The whole vector in ranges of at most `maxBytes`, each at a multiple of `step` elements from its buffer's start. */
  parts(maxBytes: number, step: number): Part[] {
    const most = Math.floor(maxBytes / this.bytesPerElement / step) * step;
    return this.#shards.flatMap((shard) =>
      Array.from({ length: Math.ceil(shard.length / most) }, (_, i): Part => {
        const offset = shard.offset + i * most;
        return { offset, length: Math.min(most, shard.offset + shard.length - offset) };
      }),
    );
  }

  /** Queues new values for the whole vector, rounded to its precision. */
  write(values: Float32Array<ArrayBuffer>): void {
    for (const { offset, length, buffer } of this.#shards) {
      if (this.bytesPerElement === 4) this.#queue.writeBuffer(buffer, 0, values, offset, length);
      else
        for (let at = 0; at < length; at += pieceBytes / 2) {
          const piece = values.subarray(offset + at, offset + Math.min(length, at + pieceBytes / 2));
          // Passed as bytes: Dawn in Node does not accept a Float16Array.
          this.#queue.writeBuffer(buffer, 2 * at, Float16Array.from(piece).buffer);
        }
    }
  }

  /** Encodes commands that set every value to zero. */
  clear(encoder: GPUCommandEncoder): void {
    for (const { buffer } of this.#shards) encoder.clearBuffer(buffer);
  }

  /**
   * The values after all work queued so far. They are read piece by piece, to need no second copy of a large vector on the device:
   * the values must not change until the promise resolves. See `Readback.read`.
   */
  async read(readback: Readback): Promise<Float32Array<ArrayBuffer>> {
    const values = new Float32Array(this.length);
    for (const { buffer, offset: start } of this.#shards) {
      const size = Math.min(buffer.size, pieceBytes);
      for (let offset = 0; offset < buffer.size; offset += size) {
        // The last piece overlaps the one before, so that all pieces use staging buffers of the same size.
        const piece = { buffer, offset: Math.min(offset, buffer.size - size), size };
        const first = start + piece.offset / 4;
        await readback.read(piece, values.subarray(first, first + size / 4));
      }
    }
    return values;
  }

  /** Size of the staging buffers that `read` uses, in bytes. */
  get stagingBytes(): number {
    const sizes = new Set(this.#shards.map(({ buffer }) => Math.min(buffer.size, pieceBytes)));
    return [...sizes].reduce((sum, size) => sum + size, 0);
  }
}
