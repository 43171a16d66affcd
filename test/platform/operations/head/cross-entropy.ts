import { ignoredTarget } from '../../../../client/data/batch.ts';
import {
  crossEntropy,
  crossEntropyBackwardPart,
  crossEntropyForwardPart,
} from '../../../../client/model/operations/cross-entropy.ts';
import {
  crossEntropyBackward,
  crossEntropyForward,
} from '../../../../client/model/reference/cross-entropy.ts';
import { row } from '../../../../client/model/reference/vector.ts';
import { type Case, caseOf } from '../case.ts';
import { beside, columns, type Draw, f32, u32, untouched, unwritten } from '../draw.ts';

const lossScale = 8;

/**
 * Every third row has no target; some of the others have weight 0 or less. Steeper logits saturate the
 * softmax. The last columns may be padding, which is no token.
 */
const draws = (draw: Draw) =>
  [
    { rows: 1, vocabulary: 4, padding: 0, deviation: 1 },
    { rows: 13, vocabulary: 260, padding: 0, deviation: 1 },
    { rows: 9, vocabulary: 264, padding: 3, deviation: 4 },
    { rows: 41, vocabulary: 36, padding: 1, deviation: 40 },
    { rows: draw.upTo(40), vocabulary: 4 * draw.upTo(70), padding: 0, deviation: draw.upTo(10) },
  ].map(({ rows, vocabulary, padding, deviation }) => {
    const tokens = vocabulary - padding;
    const logits = draw.stored(rows * vocabulary, deviation);
    const targets = Uint32Array.from({ length: rows }, (_, at) =>
      at > 0 && draw.upTo(3) === 1 ? ignoredTarget : draw.upTo(tokens) - 1,
    );
    const weights = f32(
      Array.from(targets, (target, at) => {
        if (target === ignoredTarget || (at > 0 && draw.upTo(4) === 1)) return 0;
        return (draw.upTo(100) - (at > 0 ? 40 : 0)) / 64;
      }),
    );
    const real = columns(logits.values, vocabulary, 0, tokens);
    const losses = crossEntropyForward(real, targets, tokens);
    const ofTokens = crossEntropyBackward(real, targets, weights.values, tokens);
    const gradient = beside(rows, ofTokens, new Float64Array(rows * padding));
    return {
      rows,
      vocabulary,
      tokens,
      logits,
      losses,
      targets,
      gradient: gradient.map((value) => value * lossScale),
      weights,
      scaling: f32(new Float64Array(6).fill(lossScale)),
    };
  });

export function crossEntropyCases(draw: Draw): Case[] {
  return draws(draw).map(({ rows, vocabulary, tokens, targets, losses, gradient, ...given }) =>
    caseOf(
      crossEntropy,
      { rows, vocabulary, columns: tokens },
      { ...given, targets: u32(targets), losses: unwritten('f32', rows) },
      { logits: gradient, losses },
    ),
  );
}

/** (maximum, sum of exponentials relative to it, the target's logit, 0) of each row of logits that end at `columns`. */
function sumsOf(logits: Float64Array, targets: Uint32Array, columns: number): Float64Array {
  const sums = Array.from(targets, (target, n) => {
    const seen = row(logits, n, logits.length / targets.length).subarray(0, columns);
    const top = seen.reduce((a, b) => Math.max(a, b));
    return [top, seen.reduce((sum, logit) => sum + Math.exp(logit - top), 0), seen[target] ?? 0, 0];
  });
  return Float64Array.from(sums.flat());
}

/** The vocabulary in two parts: the first alone, and the second after it. */
export function crossEntropyForwardPartCases(draw: Draw): Case[] {
  return draws(draw).flatMap(({ rows, vocabulary, tokens, logits, targets }) => {
    const border = 4 * Math.floor(vocabulary / 8);
    const part = (firstToken: number, end: number) => {
      const width = end - firstToken;
      const inPart = Math.min(width, tokens - firstToken);
      const after = sumsOf(logits.values, targets, firstToken + inPart);
      const losses = Float64Array.from(targets, (target, n) => {
        const [top = 0, sum = 0, wanted = 0] = row(after, n, 4);
        return target === ignoredTarget ? 0 : top + Math.log(sum) - wanted;
      });
      return caseOf(
        crossEntropyForwardPart,
        { rows, vocabulary: width, firstToken, columns: inPart },
        {
          targets: u32(targets),
          logits: { ...logits, values: columns(logits.values, vocabulary, firstToken, width) },
          losses: unwritten('f32', rows),
          sums:
            firstToken === 0 ? unwritten('f32', 4 * rows) : f32(sumsOf(logits.values, targets, firstToken)),
        },
        { logits: untouched(rows * width), losses, sums: after },
      );
    };
    return border === 0 ? [part(0, vocabulary)] : [part(0, border), part(border, vocabulary)];
  });
}

export function crossEntropyBackwardPartCases(draw: Draw): Case[] {
  return draws(draw).map(({ rows, vocabulary, tokens, logits, targets, gradient, weights, scaling }) => {
    const firstToken = 4 * Math.floor(vocabulary / 8);
    const width = vocabulary - firstToken;
    const savedSums = f32(sumsOf(logits.values, targets, tokens));
    const part = { ...logits, values: columns(logits.values, vocabulary, firstToken, width) };
    return caseOf(
      crossEntropyBackwardPart,
      { rows, vocabulary: width, firstToken, columns: tokens - firstToken },
      { weights, scaling, targets: u32(targets), logits: part, savedSums },
      { logits: columns(gradient, vocabulary, firstToken, width) },
    );
  });
}
