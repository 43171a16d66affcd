import { Random } from '../../../client/random.ts';
import type { Precision } from '../../../shaders/shader.ts';
import type { Encoding, Given } from './case.ts';

/** Draws shapes and the values of buffers. The same seed draws the same shapes for either storage. */
export class Draw {
  readonly storage: Precision;
  readonly #random: Random;

  constructor(seed: number, storage: Precision) {
    this.storage = storage;
    this.#random = Random.seeded(seed);
  }

  /** 1 to `most`. */
  upTo(most: number): number {
    return 1 + this.#random.below(most);
  }

  /** Normally distributed, of this deviation. */
  stored(length: number, deviation = 1): Given {
    return this.rounded(Float64Array.from({ length }, () => deviation * this.#random.normal()));
  }

  f32(length: number, deviation = 1): Given {
    return f32(Array.from({ length }, () => deviation * this.#random.normal()));
  }

  /** The nearest values that the storage can hold. */
  rounded(values: Float64Array): Given {
    const held = this.storage === 'f16' ? Float16Array.from(values) : Float32Array.from(values);
    return { encoding: 'stored', values: Float64Array.from(held) };
  }
}

export function f32(values: ArrayLike<number>): Given {
  return { encoding: 'f32', values: Float64Array.from(Float32Array.from(values)) };
}

export function u32(values: ArrayLike<number>): Given {
  return { encoding: 'u32', values: Float64Array.from(values) };
}

export function struct(words: readonly (readonly ['f32' | 'u32', number])[]): Given {
  const values = words.map(([encoding, value]) => (encoding === 'f32' ? Math.fround(value) : value));
  return { encoding: words.map(([encoding]) => encoding), values: Float64Array.from(values) };
}

/** NaN, so that a kernel which reads it before writing is noticed. */
export function unwritten(encoding: Encoding, length: number): Given {
  return { encoding, values: untouched(length) };
}

/** The expected value where nothing may be written. */
export function untouched(length: number): Float64Array {
  return new Float64Array(length).fill(Number.NaN);
}

/** A binding that the use of an operation in question neither reads nor writes. */
export const unused: Given = unwritten('f32', 64);

export function plus(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + (b[i] ?? Number.NaN));
}

/** Columns `first` to `first + count` of rows of `width`. */
export function columns(values: Float64Array, width: number, first: number, count: number): Float64Array {
  const rows = values.length / width;
  return Float64Array.from({ length: rows * count }, (_, i) => {
    return values[Math.floor(i / count) * width + first + (i % count)] ?? Number.NaN;
  });
}

/** Rows with the columns of all `parts`, each of as many rows, from left to right. */
export function beside(rows: number, ...parts: readonly Float64Array[]): Float64Array {
  const joined: Float64Array[] = [];
  for (let row = 0; row < rows; row++) {
    for (const part of parts) {
      const width = part.length / rows;
      joined.push(part.subarray(row * width, (row + 1) * width));
    }
  }
  const values = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const piece of joined) {
    values.set(piece, at);
    at += piece.length;
  }
  return values;
}
