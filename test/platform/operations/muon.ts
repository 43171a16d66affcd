import { matmulBackward, matmulForward } from '../../../client/model/reference/matmul.ts';
import { newtonSchulz } from '../../../client/model/reference/muon.ts';
import { at } from '../../../client/model/reference/vector.ts';
import {
  type MuonPlaceShape,
  type MuonStackShape,
  muonGram,
  muonMomentum,
  muonMultiply,
  muonPolynomial,
  muonTrace,
  muonUpdate,
} from '../../../client/train/optimizer/muon.ts';
import { type Case, caseOf } from './case.ts';
import { type Draw, f32, untouched, unwritten } from './draw.ts';
import { clipping, factor, learningRate, settings, stepValues } from './optimizer.ts';

/** Matrices of the flat vector within a stack, as they lie there and transposed. */
const places = (draw: Draw): MuonPlaceShape[] => [
  { rows: 8, columns: 8, start: 0, transposed: false },
  { rows: 16, columns: 40, start: 640, transposed: false },
  { rows: 8 * draw.upTo(4), columns: 32 + 8 * draw.upTo(9), start: 64, transposed: true },
];

/** Where in the stack each element of the matrix is. */
function placesInStack({ rows, columns, start, transposed }: MuonPlaceShape): number[] {
  return Array.from({ length: rows * columns }, (_, i) =>
    transposed ? start + (i % rows) * columns + Math.floor(i / rows) : start + i,
  );
}

/** A stack that ends behind the matrix. */
const stackLength = ({ rows, columns, start }: MuonPlaceShape) => start + rows * columns + 64;

export function momentumCases(draw: Draw): Case[] {
  return [true, false].flatMap((applies) =>
    places(draw).map((shape) => {
      const length = shape.rows * shape.columns;
      const gradient = draw.f32(length);
      const firstMoment = draw.f32(length);
      const { momentum } = settings.muon;
      const moment = firstMoment.values.map((old, i) => momentum * old + factor * at(gradient.values, i));
      const stack = untouched(stackLength(shape));
      placesInStack(shape).forEach((place, i) => {
        if (applies) stack[place] = momentum * at(moment, i) + factor * at(gradient.values, i);
      });
      return caseOf(
        muonMomentum,
        shape,
        {
          stepValues: stepValues(),
          clipping: clipping(applies),
          gradient,
          firstMoment,
          direction: unwritten('f32', stack.length),
        },
        { firstMoment: applies ? moment : untouched(length), direction: stack },
      );
    }),
  );
}

export function updateCases(draw: Draw): Case[] {
  return [true, false].flatMap((applies) =>
    places(draw).map((place) => {
      const shape = { ...place, scale: 1.5 };
      const orthogonal = draw.f32(stackLength(shape));
      const parameters = draw.f32(shape.rows * shape.columns);
      const inStack = placesInStack(shape);
      const moved = parameters.values.map((old, i) => {
        const direction = shape.scale * at(orthogonal.values, inStack[i] ?? Number.NaN);
        return old - learningRate * (direction + settings.weightDecay * old);
      });
      return caseOf(
        muonUpdate,
        shape,
        { stepValues: stepValues(), clipping: clipping(applies), orthogonal, parameters },
        { parameters: applies ? moved : untouched(moved.length) },
      );
    }),
  );
}

/** The third has tiles above the diagonal of its Gram matrices with every kernel. */
const stacks = (draw: Draw): MuonStackShape[] => [
  { matrices: 1, rows: 4, columns: 4 },
  { matrices: 3, rows: 44, columns: 68 },
  { matrices: 2, rows: 132, columns: 140 },
  { matrices: draw.upTo(3), rows: 4 * draw.upTo(18), columns: 72 + 4 * draw.upTo(8) },
];

/** Applies `make` to each matrix of the stacks. */
function each(
  matrices: number,
  stacks: readonly Float64Array[],
  make: (parts: readonly Float64Array[]) => Float64Array,
): Float64Array {
  const made = Array.from({ length: matrices }, (_, i) =>
    make(
      stacks.map((stack) => {
        const size = stack.length / matrices;
        return stack.subarray(i * size, (i + 1) * size);
      }),
    ),
  );
  return Float64Array.from(made.flatMap((values) => [...values]));
}

const gramOf = (rows: number) => (parts: readonly Float64Array[]) => {
  const [x = new Float64Array()] = parts;
  return matmulForward(x, x, rows);
};

export function gramCases(draw: Draw): Case[] {
  return stacks(draw).map((shape) => {
    const { matrices, rows, columns } = shape;
    const x = draw.f32(matrices * rows * columns);
    const product = each(matrices, [x.values], gramOf(rows));
    return caseOf(
      muonGram,
      shape,
      { left: x, right: x, product: unwritten('f32', product.length) },
      { product },
    );
  });
}

/** The Gram matrices of random ones, of as many rows as the stack has. */
function grams(draw: Draw, { matrices, rows }: MuonStackShape) {
  return f32(each(matrices, [draw.f32(matrices * rows * rows).values], gramOf(rows)));
}

export function traceCases(draw: Draw): Case[] {
  return stacks(draw).map((shape) => {
    const { matrices, rows } = shape;
    const left = grams(draw, shape);
    const inverseLengths = each(matrices, [left.values], ([gram = new Float64Array()]) =>
      Float64Array.of(gram.reduce((sum, value, i) => sum + (i % (rows + 1) === 0 ? value : 0), 0) ** -0.5),
    );
    return caseOf(
      muonTrace,
      shape,
      { gram: left, inverseLengths: unwritten('f32', matrices) },
      { inverseLengths },
    );
  });
}

export function polynomialCases(draw: Draw): Case[] {
  const { a, b, c } = newtonSchulz;
  return [false, true].flatMap((first) =>
    stacks(draw).map((stack) => {
      const { matrices, rows } = stack;
      const left = grams(draw, stack);
      const inverseLengths = f32(Array.from({ length: matrices }, (_, i) => 1 / (3 + i)));
      const inverses = first ? inverseLengths.values : new Float64Array(matrices).fill(1);
      const product = each(matrices, [left.values, inverses], ([gram, inverse = new Float64Array()]) => {
        const [g, scale] = [gram ?? new Float64Array(), at(inverse, 0) ** 2];
        const square = matmulForward(g, g, rows);
        return g.map((value, i) => {
          const diagonal = i % (rows + 1) === 0 ? a : 0;
          return Math.sqrt(scale) * (diagonal + b * scale * value + c * scale ** 2 * at(square, i));
        });
      });
      return caseOf(
        muonPolynomial,
        { ...stack, first },
        { left, right: left, product: unwritten('f32', product.length), inverseLengths },
        { product },
      );
    }),
  );
}

export function multiplyCases(draw: Draw): Case[] {
  return stacks(draw).map((shape) => {
    const { matrices, rows, columns } = shape;
    const left = draw.f32(matrices * rows * rows);
    const right = draw.f32(matrices * rows * columns);
    const product = each(matrices, [left.values, right.values], ([p, x]) => {
      const nothing = new Float64Array(rows * columns);
      return matmulBackward(nothing, x ?? nothing, p ?? nothing, rows).input;
    });
    return caseOf(
      muonMultiply,
      shape,
      { left, right, product: unwritten('f32', product.length) },
      { product },
    );
  });
}
