import type { ByteSource } from './byte-source.ts';
import { bytesOf, decodeNumbers, type NumberType, numberTypes } from './number-type.ts';

/** A tensor in a file, whose values have not been read. */
export interface StoredTensor {
  readonly name: string;
  /** Extents of a row-major tensor. */
  readonly shape: readonly number[];
  readonly type: NumberType;
  readonly source: ByteSource;
  /** Where its bytes begin in the source. */
  readonly offset: number;
  /** For each row in the file, its place in the matrix; in order unless given. */
  readonly rows?: readonly number[];
}

/** Values that are read at once. A multiple of every type's block. */
const valuesAtOnce = 2 ** 20;

export function sizeOf({ shape }: Pick<StoredTensor, 'shape'>): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Reads a tensor as float32, by ranges: besides the target only a few megabytes are in memory at once. */
export async function readTensor(tensor: StoredTensor, into: Float32Array): Promise<void> {
  const { type, source, offset } = tensor;
  for (let at = 0; at < into.length; at += valuesAtOnce) {
    const part = into.subarray(at, at + valuesAtOnce);
    const bytes = await source.read(offset + bytesOf(type, at), bytesOf(type, part.length));
    decodeNumbers(type, bytes, part);
  }
  if (tensor.rows !== undefined) placeRows(into, tensor.rows);
}

function placeRows(matrix: Float32Array, rows: readonly number[]): void {
  const width = matrix.length / rows.length;
  const stored = matrix.slice();
  rows.forEach((row, i) => {
    matrix.set(stored.subarray(i * width, (i + 1) * width), row * width);
  });
}

/** True if rows of this many values are whole blocks of the type. */
export function fitsRows(type: NumberType, width: number): boolean {
  return width % numberTypes[type].values === 0;
}
