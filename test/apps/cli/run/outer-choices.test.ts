import { expect, test } from 'vitest';
import { checkSameRun } from '../../../../apps/cli/run/run-flags.ts';
import { flagsOf, manifestOf } from '../../../support/cli/flagged-run.ts';

const outerOf = async (...words: string[]) => (await manifestOf(flagsOf(...words))).strategy.outer;

test('rate and momentum of the outer step are those of the strategy, unless flags give others', async () => {
  expect(await outerOf()).toMatchObject({ value: { learningRate: 0.7, momentum: 0.5 } });
  expect(await outerOf('--strategy', 'muloco', '--outer-rate', '0.6')).toMatchObject({
    ...{ case: 'nesterov', value: { learningRate: 0.6, momentum: 0.9 } },
  });
  expect(await outerOf('--outer-momentum', '0')).toMatchObject({ value: { learningRate: 0.7, momentum: 0 } });
  const delayed = await outerOf('--strategy', 'heloco', '--outer-rate', '0.3', '--outer-momentum', '0.8');
  expect(delayed).toMatchObject({
    ...{ case: 'delayedNesterov', value: { learningRate: 0.3, momentum: 0.8, period: 4 } },
  });
});

test('a rate that is annealed ends with the same part of it, wherever it begins', async () => {
  expect(await outerOf('--strategy', 'sparseloco', '--outer-rate', '8')).toMatchObject({
    ...{ case: 'sgd', value: { learningRate: 8, finalRate: 3.2, constantRounds: 4 } },
  });
});

test('a momentum of a step that has none, and numbers past the limits, are refused', async () => {
  await expect(outerOf('--strategy', 'sparseloco', '--outer-momentum', '0.5')).rejects.toMatchObject({
    code: 'usage.outer-momentum',
  });
  for (const words of [
    ['--outer-rate', '0'],
    ['--outer-rate', '101'],
    ['--outer-momentum', '1'],
    ['--outer-momentum', '-0.1'],
  ])
    expect(() => flagsOf(...words)).toThrow('It must be a number from');
});

test('a run with another rate or momentum is not taken for the one that was asked for', async () => {
  const manifest = await manifestOf(flagsOf('--outer-rate', '0.6'));
  expect(() => checkSameRun(manifest, flagsOf('--outer-rate', '0.6'), '')).not.toThrow();
  expect(() => checkSameRun(manifest, flagsOf('--outer-rate', '0.5'), '')).toThrow(
    '--outer-rate 0.5 (it has 0.6)',
  );
  expect(() => checkSameRun(manifest, flagsOf('--outer-momentum', '0.9'), '')).toThrow(
    '--outer-momentum 0.9 (it has 0.5)',
  );
});
