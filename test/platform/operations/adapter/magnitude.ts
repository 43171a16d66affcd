import {
  magnitudeBackwardInput,
  magnitudeForward,
  magnitudeGradient,
  rowLengths,
} from '../../../../client/model/adapter/operations/magnitude.ts';
import { presets } from '../../../../client/model/config.ts';
import { ropeForward } from '../../../../client/model/reference/rope.ts';
import { swigluForward } from '../../../../client/model/reference/swiglu.ts';
import { type Case, caseOf } from '../case.ts';
import { beside, columns, type Draw, plus, untouched, unused, unwritten } from '../draw.ts';
import { rotationOf } from '../linear.ts';

const value = (values: Float64Array, place: number) => values[place] ?? Number.NaN;

/** Rows with each column times its factor. */
const scaled = (rows: Float64Array, factors: Float64Array) =>
  rows.map((entry, i) => entry * value(factors, i % factors.length));

/** One column of vectors, an odd number of them, and many rows. */
const sizes = (draw: Draw) => [
  { rows: 1, outputs: 4 },
  { rows: 7, outputs: 20 },
  { rows: draw.upTo(70), outputs: 8 * draw.upTo(9) },
];

export function forwardCases(draw: Draw): Case[] {
  const given = (rows: number, outputs: number) => ({
    left: draw.stored(rows * outputs),
    factors: draw.f32(outputs),
    addend: unused,
    rotation: unused,
    product: unwritten('stored', rows * outputs),
    activated: unused,
  });
  const notActivated = untouched(unused.values.length);
  const plain = sizes(draw).map(({ rows, outputs }) => {
    const buffers = given(rows, outputs);
    const addend = draw.stored(rows * outputs);
    const product = plus(scaled(buffers.left.values, buffers.factors.values), addend.values);
    const shape = { rows, outputs, epilogue: { kind: 'plain' }, addend: true } as const;
    return caseOf(magnitudeForward, shape, { ...buffers, addend }, { product, activated: notActivated });
  });
  const gated = sizes(draw)
    .slice(2)
    .map(({ rows, outputs }) => {
      const buffers = given(rows, outputs);
      const [half, product] = [outputs / 2, scaled(buffers.left.values, buffers.factors.values)];
      const [gate, up] = [columns(product, outputs, 0, half), columns(product, outputs, half, half)];
      const own = { ...buffers, activated: unwritten('stored', rows * half) };
      const shape = { rows, outputs, epilogue: { kind: 'swiglu' } } as const;
      return caseOf(magnitudeForward, shape, own, { product, activated: swigluForward(gate, up) });
    });
  const [sequence, heads, headSize] = [5, 3, 16];
  const [rows, outputs] = [2 * sequence, (heads + 1) * headSize];
  const buffers = given(rows, outputs);
  const product = scaled(buffers.left.values, buffers.factors.values);
  const turned = ropeForward(columns(product, outputs, 0, heads * headSize), presets.nano.ropeTheta, {
    sequence,
    heads,
    headSize,
  });
  const rotary = { kind: 'rotary', headSize, rotatedHeads: heads, sequence } as const;
  const expected = beside(rows, turned, columns(product, outputs, heads * headSize, headSize));
  const rotated = caseOf(
    magnitudeForward,
    { rows, outputs, epilogue: rotary },
    { ...buffers, rotation: rotationOf(headSize, sequence) },
    { product: expected, activated: notActivated },
  );
  return [...plain, ...gated, rotated];
}

export function backwardInputCases(draw: Draw): Case[] {
  return sizes(draw).map((shape) => {
    const left = draw.stored(shape.rows * shape.outputs);
    const factors = draw.f32(shape.outputs);
    const product = unwritten('stored', left.values.length);
    const given = { left, factors, addend: unused, projected: unused, product };
    return caseOf(magnitudeBackwardInput, shape, given, { product: scaled(left.values, factors.values) });
  });
}

export function gradientCases(draw: Draw): Case[] {
  return [false, true].flatMap((accumulate) =>
    sizes(draw).map(({ rows, outputs }) => {
      const first = Math.floor(outputs / 2) - 1;
      const count = draw.upTo(outputs - first);
      const [left, right] = [draw.stored(rows * outputs), draw.stored(rows * outputs)];
      const inverses = draw.f32(outputs);
      const gradient = accumulate ? draw.f32(count) : unwritten('f32', count);
      const expected = Float64Array.from({ length: count }, (_, i) => {
        let sum = 0;
        for (let at = first + i; at < rows * outputs; at += outputs)
          sum += value(left.values, at) * value(right.values, at);
        return sum * value(inverses.values, first + i) + (accumulate ? value(gradient.values, i) : 0);
      });
      const given = { left, right, inverses, magnitudeGradient: gradient };
      const shape = { rows, outputs, first, count, accumulate };
      // Sums of a single column may cancel.
      return caseOf(magnitudeGradient, shape, given, { magnitudeGradient: expected }, 1);
    }),
  );
}

export function rowLengthsCases(draw: Draw): Case[] {
  return [
    { firstRow: 0, rows: 1, inputs: 4, rank: 4 },
    { firstRow: 3, rows: draw.upTo(20), inputs: 4 * draw.upTo(9), rank: 4 * draw.upTo(3) },
  ].map((shape) => {
    const { firstRow, rows, inputs, rank } = shape;
    const all = firstRow + rows + 2;
    const [weights, reduction, expansion] = [
      draw.stored(all * inputs),
      draw.stored(rank * inputs),
      draw.stored(all * rank),
    ];
    const magnitudes = draw.f32(rows);
    const [factors, inverses] = [untouched(all), untouched(all)];
    for (let row = firstRow; row < firstRow + rows; row++) {
      let squares = 0;
      for (let i = 0; i < inputs; i++) {
        let sum = value(weights.values, row * inputs + i);
        for (let k = 0; k < rank; k++)
          sum += value(expansion.values, row * rank + k) * value(reduction.values, k * inputs + i);
        squares += sum * sum;
      }
      inverses[row] = 1 / Math.sqrt(squares);
      factors[row] = value(magnitudes.values, row - firstRow) / Math.sqrt(squares);
    }
    const given = {
      weights,
      reduction,
      expansion,
      magnitudes,
      factors: draw.f32(all),
      inverses: draw.f32(all),
    };
    return caseOf(rowLengths, shape, given, { factors, inverses });
  });
}
