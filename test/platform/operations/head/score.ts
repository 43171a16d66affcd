import {
  type ScoreShape,
  scoreBackward,
  scoreBackwardWeight,
  scoreForward,
} from '../../../../client/model/operations/score.ts';
import { dot, row } from '../../../../client/model/reference/vector.ts';
import { type Case, caseOf } from '../case.ts';
import { type Draw, f32, plus, unwritten } from '../draw.ts';

const lossScale = 8;

const draws = (draw: Draw) =>
  [
    { rows: 1, width: 4 },
    { rows: 70, width: 48, accumulate: true },
    { rows: draw.upTo(40), width: 4 * draw.upTo(20) },
  ].map((shape: ScoreShape) => {
    const { rows, width } = shape;
    return {
      shape,
      input: draw.stored(rows * width),
      weight: draw.stored(width),
      // Most rows are not scored.
      weights: f32(
        Array.from({ length: rows }, (_, at) => (at === 0 || draw.upTo(3) === 1 ? draw.upTo(9) - 4.5 : 0)),
      ),
      scaling: f32(new Float64Array(6).fill(lossScale)),
    };
  });

export function scoreForwardCases(draw: Draw): Case[] {
  return draws(draw).map(({ shape, input, weight }) => {
    const { rows, width } = shape;
    const losses = Float64Array.from(
      { length: rows },
      (_, at) => -dot(row(input.values, at, width), weight.values),
    );
    return caseOf(scoreForward, shape, { input, weight, losses: unwritten('f32', rows) }, { losses });
  });
}

export function scoreBackwardCases(draw: Draw): Case[] {
  return draws(draw).map(({ shape, weight, weights, scaling }) => {
    const { rows, width } = shape;
    const inputGradient = Float64Array.from({ length: rows * width }, (_, i) => {
      return -(weights.values[Math.floor(i / width)] ?? 0) * lossScale * (weight.values[i % width] ?? 0);
    });
    return caseOf(
      scoreBackward,
      shape,
      { weight, weights, scaling, inputGradient: unwritten('stored', rows * width) },
      { inputGradient },
    );
  });
}

export function scoreBackwardWeightCases(draw: Draw): Case[] {
  return draws(draw).map(({ shape, input, weights, scaling }) => {
    const { rows, width, accumulate = false } = shape;
    const sum = new Float64Array(width);
    for (let at = 0; at < rows; at++)
      for (const [i, value] of row(input.values, at, width).entries())
        sum[i] = (sum[i] ?? 0) - (weights.values[at] ?? 0) * lossScale * value;
    const before = draw.f32(width);
    const weightGradient = accumulate ? before : unwritten('f32', width);
    return caseOf(
      scoreBackwardWeight,
      shape,
      { input, weights, scaling, weightGradient },
      { weightGradient: accumulate ? plus(sum, before.values) : sum },
    );
  });
}
