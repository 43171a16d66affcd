import {
  type RmsNormShape,
  rmsNormBackward,
  rmsNormBackwardGain,
  rmsNormForward,
} from '../../../client/model/operations/rms-norm.ts';
import { rmsnormBackward, rmsnormForward } from '../../../client/model/reference/rmsnorm.ts';
import { dot, row } from '../../../client/model/reference/vector.ts';
import { type Case, caseOf } from './case.ts';
import { type Draw, f32, plus, unwritten } from './draw.ts';

const shapes = (draw: Draw): RmsNormShape[] => [
  { rows: 1, width: 4, epsilon: 1e-5 },
  { rows: 9, width: 12, epsilon: 1e-5 },
  { rows: 32, width: 128, epsilon: 1e-5 },
  { rows: 43, width: 148, epsilon: 1e-3 },
  { rows: draw.upTo(70), width: 4 * draw.upTo(50), epsilon: 1e-3 },
];

function inverseOf(input: Float64Array, { width, epsilon }: RmsNormShape): Float64Array {
  return Float64Array.from({ length: input.length / width }, (_, n) => {
    const values = row(input, n, width);
    return 1 / Math.sqrt(dot(values, values) / width + epsilon);
  });
}

export function rmsNormForwardCases(draw: Draw): Case[] {
  return shapes(draw).map((shape) => {
    const { rows, width, epsilon } = shape;
    const input = draw.stored(rows * width);
    const gain = draw.f32(width);
    const output = unwritten('stored', rows * width);
    return caseOf(
      rmsNormForward,
      shape,
      { input, gain, output, inverse: unwritten('f32', rows) },
      { output: rmsnormForward(input.values, gain.values, epsilon), inverse: inverseOf(input.values, shape) },
    );
  });
}

/** Every shape, written and accumulated. */
const eitherWay = (draw: Draw) =>
  [false, true].flatMap((accumulate) => shapes(draw).map((shape) => ({ ...shape, accumulate })));

export function rmsNormBackwardCases(draw: Draw): Case[] {
  return eitherWay(draw).map((shape) => {
    const { rows, width, epsilon, accumulate } = shape;
    const input = draw.stored(rows * width);
    const gain = draw.f32(width);
    const outputGradient = draw.stored(rows * width);
    const inputGradient = accumulate ? draw.stored(rows * width) : unwritten('stored', rows * width);
    const savedInverse = f32(inverseOf(input.values, shape));
    const gradient = rmsnormBackward(input.values, gain.values, outputGradient.values, epsilon).input;
    return caseOf(
      rmsNormBackward,
      shape,
      { input, gain, savedInverse, outputGradient, inputGradient },
      { inputGradient: accumulate ? plus(gradient, inputGradient.values) : gradient },
    );
  });
}

export function rmsNormBackwardGainCases(draw: Draw): Case[] {
  return eitherWay(draw).map((shape) => {
    const { rows, width, epsilon, accumulate } = shape;
    const input = draw.stored(rows * width);
    const outputGradient = draw.stored(rows * width);
    const gainGradient = accumulate ? draw.f32(width) : unwritten('f32', width);
    const savedInverse = f32(inverseOf(input.values, shape));
    const anyGain = new Float64Array(width);
    const { gain } = rmsnormBackward(input.values, anyGain, outputGradient.values, epsilon);
    return caseOf(
      rmsNormBackwardGain,
      shape,
      { input, savedInverse, outputGradient, gainGradient },
      { gainGradient: accumulate ? plus(gain, gainGradient.values) : gain },
    );
  });
}
