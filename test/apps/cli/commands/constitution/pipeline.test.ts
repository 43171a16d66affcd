import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { exit } from '../../../../../apps/cli/exit-codes.ts';
import { writeModelFolder } from '../../../../../apps/cli/model/write-model.ts';
import { byteTokenizer } from '../../../../../client/data/tokenizer.ts';
import {
  constitutionHash,
  parseConstitution,
} from '../../../../../client/derive/constitution/constitution.ts';
import { encodeModelFolder } from '../../../../../client/formats/model-folder.ts';
import { presets } from '../../../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../../../client/model/parameters.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';
import { type Built, built, runTapestry } from '../../../../system/built.ts';

let tapestry: Built;
beforeAll(async () => {
  tapestry = await built();
});

const config = {
  ...presets.nano,
  ...{ layers: 1, dimension: 16, heads: 2, keyValueHeads: 1, feedForward: 32, contextLength: 64 },
};

/** Examples that a judge learns to tell apart at once: those that follow have a z. */
const examples = (letter: string) =>
  Array.from({ length: 24 }, (_, i) => `${String.fromCharCode(97 + i)}${letter}${i % 7}`);
const constitution = `principles:
  - id: zed
    text: The answer has a z.
    follows: ${JSON.stringify(examples('zz'))}
    breaks: ${JSON.stringify(examples('qq'))}
    check: '[a-m]'
`;

test('the steps lead from prompts to pairs and revisions, resume, and use no judge that was not measured', async () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  // Weights as large as those of a trained model, so that its answers vary.
  const parameters = initialParameters(config, layoutOf(config), 1).map((value) =>
    value === 1 ? value : 25 * value,
  );
  const notes = { metadata: {}, card: '' };
  await writeModelFolder(
    at('base'),
    encodeModelFolder(config, layoutOf(config), parameters, byteTokenizer, notes),
  );
  writeFileSync(at('c.yaml'), constitution);
  const tap = async (...words: string[]) => {
    const { code, stdout } = await runTapestry(tapestry, [...words, '--json']);
    const events: Record<string, unknown>[] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return { code, events, last: events.at(-1) };
  };
  const step = (name: string, from: string, out: string, ...more: string[]) =>
    tap('constitution', name, at(from), '--out', at(out), ...more);
  const rows = (name: string): Record<string, unknown>[] =>
    readFileSync(at(name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  const writing = ['--model', at('base'), '--max-tokens', '12'];
  const checked = ['--constitution', at('c.yaml'), '--by', 'check'];

  writeFileSync(at('mine.jsonl'), '{"prompt": "one"}\n{"prompt": "two"}\n');
  expect(await step('prompts', 'mine.jsonl', 'prompts.jsonl', '--count', '5', ...writing)).toMatchObject({
    code: 0,
    last: { event: 'written', rows: 5 },
  });

  expect(await step('answers', 'prompts.jsonl', 'answers.jsonl', '--count', '2', ...writing)).toMatchObject({
    last: { added: 10 },
  });
  // A person corrects a line; the step keeps it, and does only what is left.
  const first = rows('answers.jsonl');
  writeFileSync(
    at('answers.jsonl'),
    `${[{ ...first[0], completion: 'corrected' }, ...first.slice(1)].map((row) => JSON.stringify(row)).join('\n')}\n`,
  );
  expect(await step('answers', 'prompts.jsonl', 'answers.jsonl', '--count', '3', ...writing)).toMatchObject({
    last: { added: 5, rows: 15 },
  });
  expect(rows('answers.jsonl')[0]).toMatchObject({ completion: 'corrected' });
  await step('answers', 'prompts.jsonl', 'at-once.jsonl', '--count', '3', ...writing);
  const texts = (name: string) => new Set(rows(name).map(({ completion }) => completion));
  expect(
    [...texts('answers.jsonl')].filter((text) => text !== 'corrected' && !texts('at-once.jsonl').has(text)),
  ).toEqual([]);

  await step('critique', 'answers.jsonl', 'critiques.jsonl', ...checked);
  const critiques = rows('critiques.jsonl');
  expect(critiques.every(({ completion, breaks }) => breaks === /[a-m]/.test(String(completion)))).toBe(true);
  expect(critiques.filter(({ breaks }) => breaks).length).toBeGreaterThan(0);
  expect(await step('critique', 'answers.jsonl', 'critiques.jsonl', ...checked)).toMatchObject({
    last: { added: 0 },
  });

  await step('revise', 'critiques.jsonl', 'revisions.jsonl', ...checked, ...writing);
  const revisions = rows('revisions.jsonl');
  expect(revisions).toHaveLength(critiques.filter(({ breaks }) => breaks).length);
  for (const { completion } of revisions)
    if (completion !== undefined) expect(completion).not.toMatch(/[a-m]/);
  expect(revisions.some(({ completion }) => completion !== undefined)).toBe(true);

  // A judge that learnt nothing is refused, and one that learnt the examples labels.
  const label = (judge: string) =>
    step('label', 'answers.jsonl', 'pairs.jsonl', '--constitution', at('c.yaml'), '--judge', at(judge));
  await tap('constitution', 'examples', at('c.yaml'), '--out', at('examples.jsonl'));
  const recipe = (name: string, steps: number) => {
    writeFileSync(
      at(`${name}.yaml`),
      `base_model: ${at('base')}\nconstitution: ${at('c.yaml')}\nreplay: 0\nlearning_rate: ${steps === 1 ? 0 : 0.02}\nmicro_batch_size: 16\nmax_steps: ${steps}\nstages:\n  - {kind: reward, datasets: [{path: ${at('examples.jsonl')}}]}\n`,
    );
    return tap('build', at(`${name}.yaml`), '--out', at(name));
  };
  await recipe('untaught', 1);
  expect(await label('untaught')).toMatchObject({
    code: exit.failed,
    last: { code: 'constitution.inaccurate' },
  });
  await recipe('judge', 40);
  const named = constitutionHash(parseConstitution(constitution, 'c.yaml'));
  expect(JSON.parse(readFileSync(at('judge/lineage.json'), 'utf8'))).toMatchObject({
    record: { constitution: named },
  });
  const labelled = await label('judge');
  expect(labelled).toMatchObject({ code: exit.done, last: { event: 'written' } });
  const measured = labelled.events.find(({ event }) => event === 'labeller');
  expect(Number(measured?.['accuracy'])).toBeGreaterThan(0.9);
  expect(rows('pairs.jsonl')).toHaveLength(5);
  expect(rows('pairs.jsonl')[0]).toMatchObject({ principles: ['zed'], gap: expect.any(Number) });

  // A model that is asked in words is measured too.
  const inWords = (least: string) =>
    step(
      'label',
      'answers.jsonl',
      'worded.jsonl',
      ...['--constitution', at('c.yaml'), '--by', 'words'],
      ...['--model', at('asked'), '--least-accuracy', least],
    );
  const wide = { ...config, contextLength: 512 };
  const asked = initialParameters(wide, layoutOf(wide), 1).map((value) => (value === 1 ? value : 25 * value));
  await writeModelFolder(at('asked'), encodeModelFolder(wide, layoutOf(wide), asked, byteTokenizer, notes));
  expect(await inWords('0.99')).toMatchObject({
    code: exit.failed,
    last: { code: 'constitution.inaccurate' },
  });
  expect(await inWords('0')).toMatchObject({ code: exit.done, last: { added: 5 } });
});

test('propose finds the checks that explain pairs, with their held-out accuracy', async () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const pairs = Array.from({ length: 60 }, (_, i) => ({
    prompt: `q${i}`,
    chosen: 'you',
    rejected: i % 2 ? 'thou' : 'ye',
  }));
  writeFileSync(at('pairs.jsonl'), pairs.map((pair) => JSON.stringify(pair)).join('\n'));
  writeFileSync(
    at('c.yaml'),
    'principles:\n  - { id: thou, text: a, check: thou }\n  - { id: ye, text: b, check: ye }\n  - { id: long, text: c, check: "you" }\n',
  );
  const { stdout } = await runTapestry(tapestry, [
    'constitution',
    'propose',
    at('pairs.jsonl'),
    '--candidates',
    at('c.yaml'),
    '--json',
  ]);
  const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  expect(last.chosen.map(({ id }: { id: string }) => id).toSorted()).toEqual(['thou', 'ye']);
  expect(last.chosen.at(-1).set).toEqual({ accuracy: 1, coverage: 1 });
  const model = await runTapestry(tapestry, [
    'constitution',
    'propose',
    at('pairs.jsonl'),
    '--candidates',
    at('none.yaml'),
  ]);
  expect(model).toMatchObject({ code: exit.failed, stderr: expect.stringContaining('constitution.missing') });
});
