import { type BufferRange, whole } from '../gpu/program.ts';

/** A token that a pass reads. */
export interface Row {
  readonly token: number;
  readonly sequence: number;
  readonly position: number;
  /** Whether what its sequence reads at this time ends with it. */
  readonly last: boolean;
}

/** No row, no sequence. */
const none = 0xffffffff;

/** Elements: WebGPU binds a buffer from multiples of 256 bytes on. */
const alignment = 64;

/** What a pass over up to `rows` tokens is told of them, in one buffer and one write. */
export class PassInputs {
  readonly rows: number;
  /** As `CachedBindings` describes them. */
  readonly bindings: Readonly<Record<'tokens' | 'places' | 'lastRows' | 'rotation', BufferRange>>;
  readonly #queue: GPUQueue;
  readonly #buffer: GPUBuffer;
  readonly #rotations: Float32Array; // (positions, headSize)
  readonly #headSize: number;
  readonly #bytes: ArrayBuffer;
  readonly #tokens: Uint32Array;
  readonly #places: Uint32Array;
  readonly #lastRows: Uint32Array;
  readonly #rotation: Float32Array;

  constructor(device: GPUDevice, rows: number, sequences: number, rotations: Float32Array, headSize: number) {
    this.rows = rows;
    this.#queue = device.queue;
    this.#rotations = rotations;
    this.#headSize = headSize;
    const sizes = [rows, 2 * rows, sequences, rows * headSize];
    const offsets: number[] = [];
    let length = 0;
    for (const size of sizes) {
      offsets.push(length);
      length += Math.ceil(size / alignment) * alignment;
    }
    this.#bytes = new ArrayBuffer(4 * length);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    this.#buffer = device.createBuffer({ label: 'inputs', size: 4 * length, usage });
    const [tokens = 0, places = 0, lastRows = 0, rotation = 0] = offsets;
    this.#tokens = new Uint32Array(this.#bytes, 4 * tokens, rows);
    this.#places = new Uint32Array(this.#bytes, 4 * places, 2 * rows);
    this.#lastRows = new Uint32Array(this.#bytes, 4 * lastRows, sequences);
    this.#rotation = new Float32Array(this.#bytes, 4 * rotation, rows * headSize);
    const range = ({ byteOffset: offset, byteLength: size }: Uint32Array | Float32Array) => ({
      ...whole(this.#buffer),
      offset,
      size,
    });
    this.bindings = {
      tokens: range(this.#tokens),
      places: range(this.#places),
      lastRows: range(this.#lastRows),
      rotation: range(this.#rotation),
    };
  }

  /** Queues the inputs of the next pass: at most `rows`. */
  write(rows: readonly Row[]): void {
    this.#places.fill(none);
    this.#lastRows.fill(none);
    for (const [at, { token, sequence, position, last }] of rows.entries()) {
      this.#tokens[at] = token;
      this.#places.set([sequence, position], 2 * at);
      if (last) this.#lastRows[sequence] = at;
      const angles = this.#rotations.subarray(position * this.#headSize, (position + 1) * this.#headSize);
      this.#rotation.set(angles, at * this.#headSize);
    }
    this.#queue.writeBuffer(this.#buffer, 0, this.#bytes);
  }

  close(): void {
    this.#buffer.destroy();
  }
}
