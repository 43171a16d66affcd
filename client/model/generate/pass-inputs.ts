import type { Allocator } from '../../gpu/device.ts';
import type { BufferRange } from '../../gpu/program.ts';

/** A token that a pass reads. */
export interface Row {
  readonly token: number;
  readonly sequence: number;
  readonly position: number;
  /** True if it is the last new token of its sequence. */
  readonly last: boolean;
}

/** Marks an absent row or sequence. */
const none = 0xffffffff;

/** In elements: WebGPU binds buffers at multiples of 256 bytes. */
const alignment = 64;

export interface PassBindings {
  /** (R) each: token ids; the sequence of each token, 0xffffffff for an unused row; the position in that sequence. */
  readonly tokens: BufferRange;
  readonly sequences: BufferRange;
  readonly positions: BufferRange;
  /** (sequences) the row of each sequence's last new token; 0xffffffff for a sequence without one. */
  readonly lastRows: BufferRange;
  /** (R, headSize): for each row the cosines of its position's angles, then the sines. */
  readonly rotation: BufferRange;
}

/** The inputs of a pass over up to `rows` tokens, in one buffer that is written at once. */
export class PassInputs {
  readonly rows: number;
  readonly bindings: PassBindings;
  readonly #queue: Allocator['device']['queue'];
  readonly #buffer: GPUBuffer;
  readonly #rotations: Float32Array; // (positions, headSize)
  readonly #headSize: number;
  readonly #bytes: ArrayBuffer;
  readonly #tokens: Uint32Array;
  readonly #sequences: Uint32Array;
  readonly #positions: Uint32Array;
  readonly #lastRows: Uint32Array;
  readonly #rotation: Float32Array;

  /** `rotations`: (positions, headSize), from `rotationTable`. */
  constructor(
    device: Allocator['device'],
    rows: number,
    sequences: number,
    rotations: Float32Array,
    headSize: number,
  ) {
    this.rows = rows;
    this.#queue = device.queue;
    this.#rotations = rotations;
    this.#headSize = headSize;
    const sizes = [rows, rows, rows, sequences, rows * headSize];
    const offsets: number[] = [];
    let length = 0;
    for (const size of sizes) {
      offsets.push(length);
      length += Math.ceil(size / alignment) * alignment;
    }
    this.#bytes = new ArrayBuffer(4 * length);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    this.#buffer = device.createBuffer({ label: 'inputs', size: 4 * length, usage });
    const [tokens = 0, sequencesOfRows = 0, positions = 0, lastRows = 0, rotation = 0] = offsets;
    this.#tokens = new Uint32Array(this.#bytes, 4 * tokens, rows);
    this.#sequences = new Uint32Array(this.#bytes, 4 * sequencesOfRows, rows);
    this.#positions = new Uint32Array(this.#bytes, 4 * positions, rows);
    this.#lastRows = new Uint32Array(this.#bytes, 4 * lastRows, sequences);
    this.#rotation = new Float32Array(this.#bytes, 4 * rotation, rows * headSize);
    const range = ({ byteOffset: offset, byteLength: size }: Uint32Array | Float32Array) => ({
      buffer: this.#buffer,
      offset,
      size,
    });
    this.bindings = {
      tokens: range(this.#tokens),
      sequences: range(this.#sequences),
      positions: range(this.#positions),
      lastRows: range(this.#lastRows),
      rotation: range(this.#rotation),
    };
  }

  /** Queues the inputs of the next pass, at most `rows` tokens. */
  write(rows: readonly Row[]): void {
    this.#sequences.fill(none);
    this.#lastRows.fill(none);
    for (const [at, { token, sequence, position, last }] of rows.entries()) {
      this.#tokens[at] = token;
      this.#sequences[at] = sequence;
      this.#positions[at] = position;
      if (last) this.#lastRows[sequence] = at;
      const angles = this.#rotations.subarray(position * this.#headSize, (position + 1) * this.#headSize);
      this.#rotation.set(angles, at * this.#headSize);
    }
    this.#queue.writeBuffer(this.#buffer, 0, this.#bytes);
  }
}
