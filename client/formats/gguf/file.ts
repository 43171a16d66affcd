import { TapestryError } from '../../errors.ts';

/**
 * The GGUF format, version 3 (ggml-org/ggml, docs/gguf.md): magic, version, counts, key-value pairs, descriptions of tensors,
 * then the tensors' bytes, each at a multiple of the alignment. All numbers are little-endian.
 */
export const magic = 0x46554747;
export const version = 3;
export const usualAlignment = 32;

/** Limits of what is read, so that a hostile file costs its size and no more. */
export const limits = {
  headerBytes: 2 ** 28,
  pairs: 65_536,
  tensors: 65_536,
  rank: 4,
  keyBytes: 65_535,
  arrayItems: 2 ** 22,
} as const;

/** The types of values by their numbers in the file. */
export const valueTypes = {
  uint8: 0,
  int8: 1,
  uint16: 2,
  int16: 3,
  uint32: 4,
  int32: 5,
  float32: 6,
  bool: 7,
  string: 8,
  array: 9,
  uint64: 10,
  int64: 11,
  float64: 12,
} as const;

/** The types of tensors that are read and written, by their numbers in the file. */
export const tensorTypes = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 8, BF16: 30 } as const;

export type GgufScalar = number | bigint | boolean | string;
export type GgufValue = GgufScalar | readonly GgufScalar[];

export function bad(why: string): TapestryError {
  return new TapestryError(
    'gguf.bad-file',
    `The GGUF file cannot be read: ${why}.`,
    'Get the file again: it is damaged or not GGUF.',
  );
}
