import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildCommand } from '../../../../../apps/cli/commands/build.ts';
import { lineageCommand } from '../../../../../apps/cli/commands/sovereignty/lineage.ts';
import { rebaseCommand } from '../../../../../apps/cli/commands/sovereignty/rebase.ts';
import { saveBase } from '../../../../../apps/cli/model/base-folder.ts';
import { loadModel } from '../../../../../apps/cli/model/model-folder.ts';
import { byteTokenizer } from '../../../../../client/data/tokenizer.ts';
import { initialParameters, layoutOf } from '../../../../../client/model/parameters.ts';
import { Random } from '../../../../../client/random.ts';
import { runCommand } from '../../../../support/cli/run-command.ts';
import { tinyConfig } from '../../../../support/contribute/harness.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

const layout = layoutOf(tinyConfig);

/** Two bases of one run, the second a little further, and a recipe. */
async function prepared(stages: string, more = '') {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const first = initialParameters(tinyConfig, layout, 1);
  const random = Random.seeded(2, 0);
  const second = first.map((value) => value * (1 + 0.02 * random.normal()));
  for (const [name, round, parameters] of [
    ['old', 1, first],
    ['new', 2, second],
  ] as const)
    await saveBase(
      at(name),
      { config: tinyConfig, layout, parameters, tokenizer: byteTokenizer },
      {
        ...{ name: 'test', run: '0'.repeat(64), round, contributions: 0, tokens: 0, localSteps: 1 },
        ...{ license: 'Apache-2.0', corpora: [] },
      },
    );
  const rows = Array.from({ length: 40 }, (_, i) =>
    JSON.stringify({ prompt: `${i} `, completion: `say ${'ab'[i % 2]}` }),
  );
  writeFileSync(at('rows.jsonl'), rows.join('\n'));
  writeFileSync(at('other.txt'), 'QUIZFJORDBUMPKINVEX.\n'.repeat(60));
  writeFileSync(
    at('recipe.yaml'),
    `base_model: ${at('old')}\nreplay: {share: 0, text: ${at('other.txt')}}\nmicro_batch_size: 4\nval_set_size: 0.2\nlearning_rate: 5e-3\n${more}\nstages:\n${stages.replaceAll('ROWS', at('rows.jsonl'))}`,
  );
  const key = ['--data', at('key')];
  await runCommand(buildCommand(), [at('recipe.yaml'), '--out', at('mine'), ...key]);
  const rebase = (steps: number, out: string) =>
    runCommand(rebaseCommand(), [
      at('mine'),
      ...['--base', at('new'), '--recipe', at('recipe.yaml'), '--steps', String(steps), '--out', at(out)],
      ...key,
    ]).then((events) => events.at(-1));
  return { at, first, second, rebase };
}

test('an adapter moves to a newer base, is tuned there, and the better of the two is written with its lineage', async () => {
  const { at, rebase } = await prepared(
    '  - {kind: instruct, adapter: lora, lora_r: 4, max_steps: 20, datasets: [{path: ROWS}]}\n',
  );
  const built = await runCommand(lineageCommand(), [at('mine')]);
  const result = await rebase(20, 'tuned');
  expect(result).toMatchObject({ event: 'rebased', chosen: 'tuned' });
  const { moved, tuned } = Object(result);
  expect(tuned.loss).toBeLessThan(moved.loss);
  // What was learnt on the old base moved along: the loss begins far below that of the untuned base.
  const { before, after } = Object(built.at(-1)).tree.record.stages[0].figures[0];
  expect(Math.abs(moved.loss - after)).toBeLessThan(0.5 * (before - after));
  const checked = await runCommand(lineageCommand(), [at('tuned')]);
  expect(checked.at(-1)).toMatchObject({
    ok: true,
    tree: {
      record: { made: 'rebase', chosen: 'tuned', stages: [{ steps: expect.any(Number) }, {}] },
      parents: [{ record: null }, { record: { made: 'build' } }],
    },
  });
  const own = await runCommand(lineageCommand(), [at('tuned/adapter-1'), '--model', at('new')]);
  expect(own.at(-1)).toMatchObject({ ok: true });
  // The same command again trains nothing, and another number of steps is another rebase.
  expect(await rebase(20, 'tuned')).toMatchObject({ chosen: 'tuned', moved: null });
  await expect(rebase(21, 'tuned')).rejects.toMatchObject({ code: 'build.foreign-folder' });
});

test('weights of several stages move by their difference, and stay so where tuning makes them worse', async () => {
  // Tuning on the rows raises the loss on text that has no byte of theirs, which is the metric here.
  const { at, first, second, rebase } = await prepared(
    '  - {kind: instruct, max_steps: 2, datasets: [{path: ROWS}]}\n  - {kind: instruct, max_steps: 10, datasets: [{path: ROWS}]}\n',
    'metric_for_best_model: base_loss',
  );
  const mine = (await loadModel(at('mine'))).parameters;
  const result = await rebase(10, 'moved');
  expect(result).toMatchObject({ chosen: 'moved' });
  const { moved, tuned } = Object(result);
  expect(tuned.base_loss).toBeGreaterThan(moved.base_loss);
  const { parameters } = await loadModel(at('moved'));
  expect(parameters).toEqual(second.map((value, i) => value + ((mine[i] ?? 0) - (first[i] ?? 0))));
  await expect(
    runCommand(rebaseCommand(), [
      at('new'),
      ...['--base', at('new'), '--recipe', at('recipe.yaml'), '--out', at('x'), '--data', at('key')],
    ]),
  ).rejects.toMatchObject({ code: 'rebase.not-a-build' });
  const rows = Array.from({ length: 30 }, (_, i) => JSON.stringify({ prompt: `x${i} `, completion: 'no' }));
  writeFileSync(at('rows.jsonl'), rows.join('\n'));
  await expect(rebase(10, 'other')).rejects.toMatchObject({ code: 'rebase.other-data' });
});
