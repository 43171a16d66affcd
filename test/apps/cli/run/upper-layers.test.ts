import { expect, test } from 'vitest';
import { rangedSizes } from '../../../../apps/cli/run/choices/delta-choices.ts';
import { checkSameRun } from '../../../../apps/cli/run/run-flags.ts';
import { presets } from '../../../../client/model/config.ts';
import { layoutOf } from '../../../../client/model/parameters.ts';
import { manifestOf as flaggedManifest, flagsOf } from '../../../support/cli/flagged-run.ts';

const manifestOf = (...words: string[]) => flaggedManifest(flagsOf(...words), 'mini');

test('a run grants its last layers by a flag, from their first tensor on, with each codec and merge rule', async () => {
  const { layers } = presets.mini;
  const { tensors } = layoutOf(presets.mini);
  const from = tensors.find(({ name }) => name.startsWith(`model.layers.${layers - 2}.`))?.offset;
  const rules = [[], ['--merge', 'median-norm'], ['--merge', 'ties']];
  for (const rule of rules)
    for (const strategy of ['diloco', 'muloco', 'sparseloco']) {
      const manifest = await manifestOf('--upper-layers', '2', '--strategy', strategy, ...rule);
      expect(manifest.strategy.part).toMatchObject({ case: 'upperLayers', value: { layers: 2, from } });
    }
  expect((await manifestOf()).strategy.part.case).toBe('wholeModel');
});

test('a run that cannot grant a part says so', async () => {
  const refusals = [
    ['--upper-layers', `${presets.mini.layers + 1}`],
    ['--upper-layers', '1', '--strategy', 'streaming'],
    ['--upper-layers', '1', '--strategy', 'heloco'],
    ['--upper-layers', '1', '--pace', 'arrivals'],
  ];
  for (const words of refusals)
    await expect(manifestOf(...words)).rejects.toMatchObject({ code: 'usage.upper-layers' });
  await expect(manifestOf('--upper-layers', `${presets.mini.layers}`)).resolves.toBeDefined();
});

test('a run that grants a part is not taken for another one', async () => {
  const [granted, plain] = [await manifestOf('--upper-layers', '1'), await manifestOf()];
  const flags = flagsOf('--upper-layers', '1');
  expect(() => checkSameRun(granted, flags, '')).not.toThrow();
  expect(() => checkSameRun(granted, flagsOf(), '')).not.toThrow();
  expect(() => checkSameRun(plain, flags, '')).toThrow('--upper-layers 1 (it has 0)');
  expect(() => checkSameRun(granted, flagsOf('--upper-layers', '2'), '')).toThrow(
    '--upper-layers 2 (it has 1)',
  );
});

test('the tensors of a run that grants a part end where it begins, and none is shorter than asked', () => {
  expect(rangedSizes([0, 10, 12, 30, 50, 58], 60, 30, 8)).toEqual([10, 20, 20, 10]);
  expect(rangedSizes([0, 5, 30], 60, 30, 8)).toEqual([30, 30]);
});
