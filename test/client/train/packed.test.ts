import { expect, test } from 'vitest';
import { type Batch, ignoredTarget } from '../../../client/data/batch.ts';
import { referenceStep } from '../../../client/model/reference/model.ts';
import { Trainer } from '../../../client/train/trainer.ts';
import { freshState } from '../../../client/train/training.ts';
import { openNodeDevice } from '../../support/gpu-node.ts';
import { expectOracleGradient } from '../../support/oracle/expect-gradient.ts';
import { oracleConfig, oracleLayout, oracleWeights } from '../../support/oracle/oracle.ts';
import sft from '../../support/oracle/sft.json' with { type: 'json' };
import { settings } from '../../support/train/small-run.ts';

const sequence = 10;
const parameters = oracleWeights(1);

/** Rows of 11 tokens; `counted` says which of each row's 10 targets count. */
function batchOf(tokens: readonly number[][], counted: readonly number[][]): Batch {
  const inputs = Uint32Array.from(tokens.flatMap((row) => row.slice(0, sequence)));
  const after = tokens.flatMap((row) => row.slice(1));
  const targets = Uint32Array.from(after, (token, i) => (counted.flat()[i] === 1 ? token : ignoredTarget));
  return { inputs, targets };
}

const [first = []] = sft.tokens;
const every = sft.tokens.map(() => new Array<number>(sequence).fill(1));
const { documents, counted } = sft.packed;
const starts = Uint32Array.from(documents.slice(0, sequence), (document) => documents.indexOf(document));
const cases = {
  pretrain: { batch: batchOf(sft.tokens, every), ...sft.pretrain, logProbabilities: sft.token_logps.flat() },
  answers: {
    batch: batchOf(sft.tokens, sft.answers.mask),
    ...sft.answers,
    logProbabilities: sft.token_logps.flat(),
  },
  packed: {
    batch: { ...batchOf([first], [counted]), documents: starts },
    ...sft.packed,
    logProbabilities: sft.packed.token_logps,
  },
};

test.each(Object.entries(cases))('%s: the float64 reference agrees with the oracle', (_, expected) => {
  const shape = { batch: expected.batch.inputs.length / sequence, sequence };
  const values = Float64Array.from(parameters);
  const { loss, gradient } = referenceStep(oracleConfig, oracleLayout, values, expected.batch, shape);
  expect(Math.abs(loss / expected.loss - 1)).toBeLessThan(1e-9);
  expectOracleGradient(gradient, oracleLayout, expected.gradient, 1e-9);
});

test.each(Object.entries(cases))('%s: the adapter agrees with the oracle', async (_, expected) => {
  const { batch } = expected;
  const device = await openNodeDevice();
  const shape = { batch: batch.inputs.length / sequence, sequence };
  const trainer = await Trainer.create(device, oracleConfig, shape, settings);
  trainer.load(freshState(parameters));
  const logProbabilities = await trainer.logProbabilities(batch);
  batch.targets.forEach((target, row) => {
    const wanted = target === ignoredTarget ? 0 : (expected.logProbabilities[row] ?? Number.NaN);
    expect(Math.abs((logProbabilities[row] ?? Number.NaN) - wanted)).toBeLessThan(1e-5);
  });
  trainer.step(batch, 0);
  expect(Math.abs((await trainer.loss()) / expected.loss - 1)).toBeLessThan(1e-5);
  expectOracleGradient(await trainer.gradient(), oracleLayout, expected.gradient, 1e-4);
  device.close();
});

test('documents that do not begin at a row of their own are refused', async () => {
  const device = await openNodeDevice();
  const trainer = await Trainer.create(device, oracleConfig, { batch: 1, sequence }, settings);
  const { batch } = cases.packed;
  const refused = expect.objectContaining({ code: 'batch.documents' });
  for (const changed of [starts.with(0, 1), starts.with(3, 2), starts.with(9, 0), starts.with(9, 10)])
    expect(() => trainer.step({ ...batch, documents: changed }, 0)).toThrow(refused);
  const shorter = { ...batch, documents: starts.subarray(1) };
  expect(() => trainer.step(shorter, 0)).toThrow(expect.objectContaining({ code: 'batch.shape' }));
  device.close();
});
