import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { evalCommand } from '../../../../apps/cli/commands/model/eval.ts';
import { exit } from '../../../../apps/cli/exit-codes.ts';
import { runCommand } from '../../../support/cli/run-command.ts';
import { writeSmallModel } from '../../../support/formats/small-model.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { type Built, built, runTapestry } from '../../../system/built.ts';

let tapestry: Built;
beforeAll(async () => {
  tapestry = await built();
});

/** Two models of bytes, the second a little changed, and what they are measured on. */
async function prepared() {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  await writeSmallModel(at('first'), 1, { contextLength: 128, kind: 'base' });
  await writeSmallModel(at('second'), 2, { contextLength: 128 });
  const pairs = Array.from({ length: 12 }, (_, index) => ({
    prompt: `${index}?`,
    chosen: 'yes',
    rejected: `no ${index}`,
  }));
  writeFileSync(at('pairs.jsonl'), pairs.map((pair) => JSON.stringify(pair)).join('\n'));
  writeFileSync(at('probe.txt'), 'Everyone has the right to rest. No one shall be alone.\n'.repeat(40));
  writeFileSync(at('prompts.jsonl'), '{"prompt": "1?"}\n{"prompt": "2?"}\n{"prompt": "a secret?"}\n');
  writeFileSync(at('rules.yaml'), "protected: [{ id: secrets, patterns: ['secret'] }]\n");
  writeFileSync(
    at('survey.yaml'),
    `title: Colours
source: mine
languages: [en]
template: { en: "{question}\\n{choices}\\nAnswer:" }
axes: [{ id: red, low: blue, high: red }]
scales: { three: [{ value: 0, text: { en: blue } }, { value: 1, text: { en: both } }, { value: 2, text: { en: red } }] }
questions:
  - { id: a, scale: three, axes: { red: 1 }, text: { en: Which colour? } }
  - { id: b, scale: three, axes: { red: 1 }, text: { en: Which paint? } }
`,
  );
  return { at };
}

test('a comparison from the command line: losses, pairs and a survey, with intervals that hold each figure', async () => {
  const { at } = await prepared();
  const models = ['--compare', at('first'), at('second')];
  const texts = ['--probe', at('probe.txt'), '--pairs', at('pairs.jsonl'), '--survey', at('survey.yaml')];
  const answers = [
    '--prompts',
    at('prompts.jsonl'),
    '--harmless',
    at('prompts.jsonl'),
    '--protect',
    at('rules.yaml'),
  ];
  const on = [...texts, ...answers, '--judge', at('second'), '--batches', '2', '--max-tokens', '8'];
  const { code, stdout } = await runTapestry(tapestry, ['eval', ...models, ...on, '--json']);
  expect(code).toBe(exit.done);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const all = [
    'loss',
    'preference accuracy',
    'preference accuracy by token',
    'red',
    'breaches',
    'needless refusals',
  ];
  for (const name of ['first', 'second']) {
    const measured = events.filter(({ event, model }) => event === 'metric' && model === at(name));
    expect(measured.map(({ metric }) => metric)).toEqual(all);
    expect(measured[1]).toMatchObject({ items: 12 });
    const [effect] = events.filter(({ event, model }) => event === 'order-effect' && model === at(name));
    expect(effect.choice + effect.place + effect.rest).toBeCloseTo(1);
  }
  // A rule stops one of the three prompts.
  const refusals = events.filter(({ event, metric }) => event === 'metric' && metric === 'needless refusals');
  expect(refusals.map(({ value }) => value)).toEqual([expect.closeTo(1 / 3), expect.closeTo(1 / 3)]);
  const [wins] = events.filter(({ event }) => event === 'win-rate');
  expect(wins).toMatchObject({ metric: 'win rate', items: 3 });
  const differences = events.filter(({ event }) => event === 'difference');
  expect(differences.map(({ metric }) => metric)).toEqual(all);
  for (const { value, low, high } of events.filter(({ low }) => low !== undefined)) {
    expect(value).toBeGreaterThanOrEqual(low);
    expect(value).toBeLessThanOrEqual(high);
  }
  const of = (model: string) =>
    events.find((each) => each.metric === 'loss' && each.model === at(model)).value;
  expect(differences[0].value).toBeCloseTo(of('second') - of('first'), 10);
});

test('a reward model judges which answers are better', async () => {
  const { at } = await prepared();
  await writeSmallModel(at('reward'), 3, { contextLength: 128, scores: true });
  const words = [
    '--compare',
    at('first'),
    at('second'),
    '--prompts',
    at('prompts.jsonl'),
    '--judge',
    at('reward'),
  ];
  const events = await runCommand(evalCommand(), [...words, '--max-tokens', '6', '--temperature', '0']);
  const [wins] = events.filter(({ event }) => event === 'win-rate');
  expect(wins).toMatchObject({ items: 3, unit: 'share of prompts' });
  await expect(runCommand(evalCommand(), ['--model', at('reward')])).rejects.toMatchObject({
    code: 'model.scores',
  });
});

test('what cannot be measured or compared is refused by name', async () => {
  const { at } = await prepared();
  const run = (...words: string[]) => runCommand(evalCommand(), words);
  await expect(run('--survey', 'two-axes')).rejects.toMatchObject({ code: 'usage.eval' });
  await expect(run('--compare', at('first'))).rejects.toMatchObject({ code: 'usage.eval' });
  await expect(run('--model', at('first'), '--survey', 'none')).rejects.toMatchObject({
    code: 'survey.missing',
  });
  await writeSmallModel(at('longer'), 1, { contextLength: 256 });
  await expect(run('--compare', at('first'), at('longer'), '--probe', at('probe.txt'))).rejects.toMatchObject(
    {
      code: 'eval.unpaired',
    },
  );
});
