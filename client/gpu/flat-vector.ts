import { type Allocator, tooSmall } from './device.ts';
import type { BufferRange } from './program.ts';
import type { Readback } from './readback.ts';

export interface FlatVectorOptions {
  readonly label: string;
  /** Elements. */
  readonly length: number;
  readonly bytesPerElement: 2 | 4;
  /** Where the vector may be cut, in elements: what lies between two neighbours is bound together. Ascending, from 0. */
  readonly cuts: readonly number[];
}

/** How much is read, or halved, at once. */
const pieceBytes = 2 ** 25;

interface Shard {
  readonly offset: number;
  readonly length: number;
  readonly buffer: GPUBuffer;
}

/** A vector over a model's parameters, in one buffer or, where the adapter has no buffer so large, in several. */
export class FlatVector {
  readonly length: number;
  readonly #queue: Allocator['device']['queue'];
  readonly #bytesPerElement: number;
  readonly #shards: readonly Shard[];

  /** Throws TapestryError `device.too-small` where what lies between two cuts does not fit a buffer. */
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
    this.#bytesPerElement = bytesPerElement;
    this.#shards = shards;
  }

  /** Where `length` elements from `offset` on are; they must lie between two neighbouring cuts. */
  range(offset: number, length: number): BufferRange {
    const shard = this.#shards.find(
      (each) => each.offset <= offset && offset + length <= each.offset + each.length,
    );
    if (shard === undefined) throw new RangeError(`${offset} to ${offset + length} is in no one buffer`);
    const bytes = this.#bytesPerElement;
    return { buffer: shard.buffer, offset: (offset - shard.offset) * bytes, size: length * bytes };
  }

  /** The whole vector in ranges of at most `maxBytes`, each at a multiple of `step` elements from its buffer's start. */
  parts(maxBytes: number, step: number): { offset: number; length: number }[] {
    const most = Math.floor(maxBytes / this.#bytesPerElement / step) * step;
    return this.#shards.flatMap((shard) =>
      Array.from({ length: Math.ceil(shard.length / most) }, (_, i) => {
        const offset = shard.offset + i * most;
        return { offset, length: Math.min(most, shard.offset + shard.length - offset) };
      }),
    );
  }

  /** Queues new values for the whole vector, rounded to what it keeps of them. */
  write(values: Float32Array<ArrayBuffer>): void {
    for (const { offset, length, buffer } of this.#shards) {
      if (this.#bytesPerElement === 4) this.#queue.writeBuffer(buffer, 0, values, offset, length);
      else
        for (let at = 0; at < length; at += pieceBytes / 2) {
          const piece = values.subarray(offset + at, offset + Math.min(length, at + pieceBytes / 2));
          // By its bytes: Dawn in Node does not know the type.
          this.#queue.writeBuffer(buffer, 2 * at, Float16Array.from(piece).buffer);
        }
    }
  }

  /** Sets every value to zero, between what is encoded before and after. */
  clear(encoder: GPUCommandEncoder): void {
    for (const { buffer } of this.#shards) encoder.clearBuffer(buffer);
  }

  /**
   * The values after what is queued so far, piece by piece, so that no second copy of a large vector is needed: nothing may
   * change them until it resolves. See `Readback.read`.
   */
  async read(readback: Readback): Promise<Float32Array<ArrayBuffer>> {
    const values = new Float32Array(this.length);
    for (const { buffer, offset: start } of this.#shards) {
      const size = Math.min(buffer.size, pieceBytes);
      for (let offset = 0; offset < buffer.size; offset += size) {
        // The last piece overlaps the one before rather than to need a staging buffer of its own size.
        const piece = { buffer, offset: Math.min(offset, buffer.size - size), size };
        const first = start + piece.offset / 4;
        await readback.read(piece, values.subarray(first, first + size / 4));
      }
    }
    return values;
  }

  /** Bytes of the staging buffers that `read` takes. */
  get stagingBytes(): number {
    const sizes = new Set(this.#shards.map(({ buffer }) => Math.min(buffer.size, pieceBytes)));
    return [...sizes].reduce((sum, size) => sum + size, 0);
  }

  close(): void {
    for (const { buffer } of this.#shards) buffer.destroy();
  }
}
