import { Command } from 'commander';
import { expect, test } from 'vitest';
import { newRun } from '../../../../apps/cli/run/new-run.ts';
import { checkSameRun, decideRun, type RunFlags, withRunFlags } from '../../../../apps/cli/run/run-flags.ts';
import { manifestBytesOf, parseManifest } from '../../../../relay/run/manifest.ts';

function flagsOf(...words: string[]): RunFlags {
  return withRunFlags(new Command().exitOverride(), 'nano', '0.25').parse(words, { from: 'user' }).opts();
}

async function manifestOf(...words: string[]) {
  const { manifest } = newRun({
    ...(await decideRun(flagsOf(...words), 'nano')),
    ...{ name: 'outer', corpora: ['even'], quorum: 1, deadlineMs: 90_000, graceMs: 1000 },
    ...{ created: 0, readers: 'anyone' as const },
  });
  const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };
  return parseManifest(manifestBytesOf(manifest, keys)).manifest;
}

const outerOf = async (...words: string[]) => (await manifestOf(...words)).strategy.outer;

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
  await expect(manifestOf('--strategy', 'sparseloco', '--outer-momentum', '0.5')).rejects.toMatchObject({
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
  const manifest = await manifestOf('--outer-rate', '0.6');
  expect(() => checkSameRun(manifest, flagsOf('--outer-rate', '0.6'), '')).not.toThrow();
  expect(() => checkSameRun(manifest, flagsOf('--outer-rate', '0.5'), '')).toThrow(
    '--outer-rate 0.5 (it has 0.6)',
  );
  expect(() => checkSameRun(manifest, flagsOf('--outer-momentum', '0.9'), '')).toThrow(
    '--outer-momentum 0.9 (it has 0.5)',
  );
});
