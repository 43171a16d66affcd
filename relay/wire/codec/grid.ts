import { WireError } from '../strict.ts';
import { RefusalCode } from '../tapestry_pb.js';

/** True if all points from 2^exponent to 2^(exponent + maxShift) are normal float32. */
export function isUsableGrid(grid: { readonly exponent: number; readonly maxShift: number }): boolean {
  const { exponent, maxShift } = grid;
  return exponent >= -126 && exponent + maxShift <= 64 && maxShift <= 16;
}

/** Exact on every engine, which `**` need not be. */
export function powerOfTwo(exponent: number): number {
  const factor = exponent < 0 ? 0.5 : 2;
  let power = 1;
  for (let i = Math.abs(exponent); i > 0; i--) power *= factor;
  return power;
}

/** Throws WireError NOT_FINITE on NaN and infinities. */
export function greatestMagnitude(values: Float32Array, start: number, end: number): number {
  let greatest = 0;
  for (let i = start; i < end; i++) {
    const magnitude = Math.abs(values[i] ?? 0);
    // Also true of NaN, which no comparison would find.
    if (!(magnitude < Infinity)) throw new WireError(RefusalCode.NOT_FINITE, `value ${i} is ${values[i]}`);
    if (magnitude > greatest) greatest = magnitude;
  }
  return greatest;
}

/** The least shift, at most `maxShift`, under which `units` rounds to `greatest` or below. */
export function shiftFor(units: number, greatest: number, maxShift: number): number {
  let shift = 0;
  while (shift < maxShift && units >= (greatest + 0.5) * (1 << shift)) shift++;
  return shift;
}

/** The error of a payload that no node can have encoded. */
export function bad(what: string): WireError {
  return new WireError(RefusalCode.BAD_PAYLOAD, `the payload ${what}`);
}
