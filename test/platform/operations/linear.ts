import { presets } from '../../../client/model/config.ts';
import { rotationTable } from '../../../client/model/decoder.ts';
import {
  type ForwardEpilogue,
  type LinearShape,
  linearBackwardInput,
  linearBackwardWeight,
  linearForward,
} from '../../../client/model/operations/linear.ts';
import { matmulBackward, matmulForward } from '../../../client/model/reference/matmul.ts';
import { ropeForward } from '../../../client/model/reference/rope.ts';
import { swigluBackward, swigluForward } from '../../../client/model/reference/swiglu.ts';
import { type Case, caseOf } from './case.ts';
import { beside, columns, type Draw, f32, plus, untouched, unused, unwritten } from './draw.ts';

const theta = presets.nano.ropeTheta;

/** Under every tile, ragged within one, and ragged beyond a small one; `outputs` is a multiple of 8. */
const sizes = (draw: Draw): LinearShape[] => [
  { rows: 1, inputs: 4, outputs: 8 },
  { rows: 7, inputs: 20, outputs: 24 },
  { rows: 37, inputs: 36, outputs: 72 },
  { rows: draw.upTo(50), inputs: 4 * draw.upTo(12), outputs: 8 * draw.upTo(9) },
];

/** Whole tiles, and sizes that no tile divides, in one product for each direction. */
const large: readonly LinearShape[] = [
  { rows: 64, inputs: 64, outputs: 128 },
  { rows: 131, inputs: 36, outputs: 136 },
  { rows: 5, inputs: 132, outputs: 136 },
];

/** A number of outputs that is not a multiple of two vec4. */
const unpaired: readonly LinearShape[] = [
  { rows: 3, inputs: 8, outputs: 4 },
  { rows: 18, inputs: 12, outputs: 44 },
];

const bothWays = [false, true];

export function linearForwardCases(draw: Draw): Case[] {
  const rotary = [
    { batch: 1, sequence: 1, inputs: 8, headSize: 8, share: 1, keyValueHeads: 1 },
    { batch: 3, sequence: 7, inputs: 20, headSize: 24, share: 2, keyValueHeads: 1 },
    { batch: 2, sequence: 32, inputs: 32, headSize: 32, share: 2, keyValueHeads: 1 },
    { batch: 1, sequence: 33, inputs: 12, headSize: 64, share: 1, keyValueHeads: 1 },
    {
      batch: draw.upTo(3),
      sequence: draw.upTo(20),
      inputs: 4 * draw.upTo(9),
      headSize: 8,
      share: draw.upTo(3),
      keyValueHeads: draw.upTo(3),
    },
  ];
  return [
    ...[...sizes(draw), ...unpaired, ...large].map((shape) => forwardCase(draw, shape, { kind: 'plain' })),
    ...[...sizes(draw), ...unpaired].map((shape) => forwardCase(draw, shape, { kind: 'plain' }, true)),
    ...bothWays.flatMap((addend) =>
      sizes(draw).map((shape) => forwardCase(draw, shape, { kind: 'swiglu' }, addend)),
    ),
    ...bothWays.flatMap((addend) =>
      rotary.map(({ batch, sequence, inputs, headSize, share, keyValueHeads }) => {
        const rotatedHeads = (share + 1) * keyValueHeads;
        const shape = { rows: batch * sequence, inputs, outputs: (rotatedHeads + keyValueHeads) * headSize };
        return forwardCase(draw, shape, { kind: 'rotary', headSize, rotatedHeads, sequence }, addend);
      }),
    ),
  ];
}

function forwardCase(draw: Draw, shape: LinearShape, epilogue: ForwardEpilogue, addend = false): Case {
  const { rows, inputs, outputs } = shape;
  const left = draw.stored(rows * inputs);
  const right = draw.stored(outputs * inputs);
  const added = addend ? draw.stored(rows * outputs) : unused;
  const products = matmulForward(left.values, right.values, rows);
  const sums = addend ? plus(products, added.values) : products;
  const given = {
    left,
    right,
    addend: added,
    rotation: unused,
    product: unwritten('stored', rows * outputs),
    activated: unused,
  };
  const notActivated = untouched(unused.values.length);
  const made = (buffers: Partial<typeof given>, product: Float64Array, activated = notActivated) =>
    caseOf(linearForward, { ...shape, epilogue, addend }, { ...given, ...buffers }, { product, activated });
  switch (epilogue.kind) {
    case 'plain':
      return made({}, sums);
    case 'rotary': {
      const { headSize, rotatedHeads: heads, sequence } = epilogue;
      const width = heads * headSize;
      const turned = ropeForward(columns(sums, outputs, 0, width), theta, { sequence, heads, headSize });
      const values = columns(sums, outputs, width, outputs - width);
      return made({ rotation: rotationOf(headSize, sequence) }, beside(rows, turned, values));
    }
    case 'swiglu': {
      const half = outputs / 2;
      const activated = swigluForward(columns(sums, outputs, 0, half), columns(sums, outputs, half, half));
      return made({ activated: unwritten('stored', rows * half) }, sums, activated);
    }
    default:
      return epilogue satisfies never;
  }
}

/** The table of cosines and sines that the rotary kernels read. */
export function rotationOf(headSize: number, sequence: number) {
  return f32(rotationTable({ ...presets.nano, heads: 1, dimension: headSize }, sequence));
}

const backwardForms = [
  ['plain', false],
  ['accumulate', false],
  ['swigluBackward', false],
  ['swigluBackward', true],
] as const;

export function linearBackwardInputCases(draw: Draw): Case[] {
  return backwardForms.flatMap(([epilogue, addend]) =>
    [...sizes(draw), ...(epilogue === 'plain' ? large : [])].map((shape) => {
      const { rows, inputs, outputs } = shape;
      const left = draw.stored(rows * outputs);
      const right = draw.stored(outputs * inputs);
      const added = addend ? draw.stored(rows * inputs) : unused;
      const nothing = new Float64Array(rows * inputs);
      const { input: products } = matmulBackward(nothing, right.values, left.values, rows);
      const input = addend ? plus(products, added.values) : products;
      const made = (projected: typeof left, product: typeof left, expected: Float64Array) =>
        caseOf(
          linearBackwardInput,
          { ...shape, epilogue, addend },
          { left, right, addend: added, projected, product },
          { product: expected },
        );
      if (epilogue === 'plain') return made(unused, unwritten('stored', rows * inputs), input);
      if (epilogue === 'accumulate') {
        const product = draw.stored(rows * inputs);
        return made(unused, product, plus(input, product.values));
      }
      const projected = draw.stored(rows * 2 * inputs);
      const [gate, up] = [0, inputs].map((first) => columns(projected.values, 2 * inputs, first, inputs));
      const gradient = swigluBackward(gate ?? input, up ?? input, input);
      const expected = beside(rows, gradient.gate, gradient.up);
      return made(projected, unwritten('stored', rows * 2 * inputs), expected);
    }),
  );
}

export function linearBackwardWeightCases(draw: Draw): Case[] {
  return [false, true].flatMap((accumulate) =>
    [...sizes(draw), ...unpaired, ...(accumulate ? [] : large)].map((shape) => {
      const { rows, inputs, outputs } = shape;
      const left = draw.stored(rows * outputs);
      const right = draw.stored(rows * inputs);
      const nothing = new Float64Array(outputs * inputs);
      const { weight } = matmulBackward(right.values, nothing, left.values, rows);
      const weightGradient = accumulate ? draw.f32(outputs * inputs) : unwritten('f32', outputs * inputs);
      const expected = accumulate ? plus(weight, weightGradient.values) : weight;
      return caseOf(
        linearBackwardWeight,
        { ...shape, accumulate },
        { left, right, weightGradient },
        { weightGradient: expected },
      );
    }),
  );
}
