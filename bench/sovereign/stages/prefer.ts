import { type Base, measured, spread } from '../base.ts';
import { archaicSamples, cardLosses } from '../evaluation.ts';
import { changes, type Stage, type StageResult, stageFigures } from '../stage.ts';
import { pairRows } from '../verses.ts';

/** Training pairs for each step: a step takes three, and the reference is computed for all of them. */
const pairsPerStep = 4;

const keys = `micro_batch_size: 8
learning_rate: 1e-3
rpo_alpha: 1`;

/** Modern English preferred to old: archaic words in samples, beside what pairs say. */
export function prefer(base: Base, steps: number, seed: number): Promise<StageResult> {
  const stage: Stage = {
    kind: 'prefer',
    keys: `${measured(4, steps)}\n${keys}`,
    seed,
    train: pairRows(spread(base.train, pairsPerStep * steps)),
    heldOut: pairRows(base.heldOut),
  };
  return stageFigures(base, stage, async (result) => ({
    ...changes(result),
    archaic: await archaicSamples(base.gpu, result.parameters),
    loss: await cardLosses(base, result.parameters),
  }));
}
