import type { Precision } from '../../../shaders/shader.ts';
import type { Encoding, Given } from './case.ts';

/** The bytes of a buffer in a program of this storage. */
export function encoded({ encoding, values }: Given, storage: Precision): Uint8Array {
  if (encoding === 'u32') return new Uint8Array(Uint32Array.from(values).buffer);
  if (encoding === 'f32' || (encoding === 'stored' && storage === 'f32'))
    return new Uint8Array(Float32Array.from(values).buffer);
  if (encoding === 'stored') return new Uint8Array(Float16Array.from(values).buffer);
  const floats = Float32Array.from(values);
  const words = new Uint32Array(floats.buffer);
  encoding.forEach((word, i) => {
    if (word === 'u32') words[i] = values[i] ?? 0;
  });
  return new Uint8Array(floats.buffer);
}

/** Decodes the result of `encoded`. */
export function decoded(
  { buffer }: Uint8Array<ArrayBuffer>,
  encoding: Encoding,
  storage: Precision,
): Float64Array {
  if (encoding === 'u32') return Float64Array.from(new Uint32Array(buffer));
  if (encoding === 'f32' || (encoding === 'stored' && storage === 'f32'))
    return Float64Array.from(new Float32Array(buffer));
  if (encoding === 'stored') return Float64Array.from(new Float16Array(buffer));
  const words = new Uint32Array(buffer);
  const values = Float64Array.from(new Float32Array(buffer));
  encoding.forEach((word, i) => {
    if (word === 'u32') values[i] = words[i] ?? Number.NaN;
  });
  return values;
}

/**
 * Length of the difference over the length of what is expected, or over `least` where that is greater. Where NaN is
 * expected the value must be unchanged, else the result is a number beyond all tolerance that JSON can hold. Without expected values it is 0.
 */
export function errorOf(
  actual: Float64Array,
  expected: Float64Array,
  before: Float64Array,
  least = 0,
): number {
  let difference = 0;
  let length = 0;
  for (const [i, wanted] of expected.entries()) {
    const value = actual[i] ?? Number.NaN;
    if (Number.isNaN(wanted)) {
      if (!Object.is(value, before[i])) return Number.MAX_VALUE;
    } else {
      difference += (value - wanted) ** 2;
      length += wanted ** 2;
    }
  }
  if (difference === 0) return 0;
  return Number.isNaN(difference) ? Number.MAX_VALUE : Math.sqrt(difference / Math.max(length, least ** 2));
}
