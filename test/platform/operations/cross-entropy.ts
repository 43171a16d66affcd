import { ignoredTarget } from '../../../client/data/batch.ts';
import { crossEntropy } from '../../../client/model/operations/cross-entropy.ts';
import { crossEntropyBackward, crossEntropyForward } from '../../../client/model/reference/cross-entropy.ts';
import { row } from '../../../client/model/reference/vector.ts';
import { type Case, caseOf } from './case.ts';
import { type Draw, f32, u32, unwritten } from './draw.ts';

const lossScale = 8;

/** The first row's target counts, of the others every third does not; steeper logits saturate the softmax. */
export function crossEntropyCases(draw: Draw): Case[] {
  return [
    { rows: 1, vocabulary: 4, deviation: 1 },
    { rows: 13, vocabulary: 260, deviation: 1 },
    { rows: 41, vocabulary: 36, deviation: 40 },
    { rows: draw.upTo(40), vocabulary: 4 * draw.upTo(70), deviation: draw.upTo(10) },
  ].map(({ rows, vocabulary, deviation }) => {
    const logits = draw.stored(rows * vocabulary, deviation);
    const targets = Uint32Array.from({ length: rows }, (_, at) =>
      at > 0 && draw.upTo(3) === 1 ? ignoredTarget : draw.upTo(vocabulary) - 1,
    );
    const counted = targets.filter((target) => target !== ignoredTarget).length;
    const losses = Float64Array.from(targets, (target, n) => {
      return crossEntropyForward(row(logits.values, n, vocabulary), Uint32Array.of(target), vocabulary).loss;
    });
    const gradient = crossEntropyBackward(logits.values, targets, vocabulary);
    return caseOf(
      crossEntropy,
      { rows, vocabulary },
      {
        logits,
        targets: u32(targets),
        losses: unwritten('f32', rows),
        stepValues: f32(new Float64Array(12).fill(1 / counted)),
        scaling: f32(new Float64Array(6).fill(lossScale)),
      },
      { logits: gradient.map((value) => value * lossScale), losses },
    );
  });
}
