import { dropout } from '../../../../client/model/adapter/operations/dropout.ts';
import { type Case, caseOf } from '../case.ts';
import { type Draw, u32, unwritten } from '../draw.ts';

function mixed(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

export function dropoutCases(draw: Draw): Case[] {
  return [
    { length: 4, rate: 0.5, stream: 0, seed: 1 },
    { length: 4 * draw.upTo(300), rate: 0.1, stream: 3, seed: 0xfedcba99 },
    { length: 260, rate: 0.9, stream: 1, seed: 0 },
  ].map(({ seed, ...shape }) => {
    const input = draw.stored(shape.length);
    const first = mixed(seed + Math.imul(shape.stream, 0x9e3779b9));
    const output = input.values.map((value, i) => {
      if (seed === 0) return value;
      return mixed(first + i) >= Math.floor(shape.rate * 2 ** 32) ? value / (1 - shape.rate) : 0;
    });
    const given = { draws: u32([seed]), input, output: unwritten('stored', shape.length) };
    return caseOf(dropout, shape, given, { output });
  });
}
