import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exit } from '../../../../apps/cli/exit-codes.ts';
import { saveBase } from '../../../../apps/cli/model/base-folder.ts';
import { byteTokenizer } from '../../../../client/data/tokenizer.ts';
import { parseLineage } from '../../../../client/formats/lineage/lineage.ts';
import { dataOf } from '../../../../client/formats/lineage/record.ts';
import { presets } from '../../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../../client/model/parameters.ts';
import { type Built, built, runTapestry } from '../../../system/built.ts';

let tapestry: Built;
const folder = mkdtempSync(join(tmpdir(), 'tapestry-revoke-'));
const at = (...names: string[]) => join(folder, ...names);
const run = (...words: string[]) => runTapestry(tapestry, [...words]);
const eventsOf = ({ stdout }: { readonly stdout: string }): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const config = {
  ...presets.nano,
  ...{ layers: 1, dimension: 16, heads: 2, keyValueHeads: 1, feedForward: 32, contextLength: 32 },
};
const rows = (word: string) =>
  Array.from({ length: 24 }, (_, i) => JSON.stringify({ text: `${word} ${(i * 7919) % 97}.` })).join('\n');

beforeAll(async () => {
  tapestry = await built();
  process.env['TAPESTRY_DATA'] = at('node');
  const layout = layoutOf(config);
  const parameters = initialParameters(config, layout, 1);
  await saveBase(
    at('base'),
    { config, layout, parameters, tokenizer: byteTokenizer },
    {
      ...{ name: 'test', run: '0'.repeat(64), round: 0, contributions: 0, tokens: 0, localSteps: 1 },
      ...{ license: 'Apache-2.0', corpora: [] },
    },
  );
  for (const word of ['songs', 'letters']) writeFileSync(at(`${word}.jsonl`), rows(word));
  const recipeOf = (base: string, files: readonly string[]) =>
    `base_model: ${at(base)}\nreplay: 0\nmax_steps: 2\nsequence_len: 16\nstages:\n  - {kind: continue, datasets: [${files.map((file) => `{path: ${at(file)}}`).join(', ')}]}\n`;
  writeFileSync(at('both.yaml'), recipeOf('base', ['songs.jsonl', 'letters.jsonl']));
  writeFileSync(at('again.yaml'), recipeOf('both', ['letters.jsonl']));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('protected domains remove rows and lines, refuse prompts and end what is generated', async () => {
  const rules = at('rules.yaml');
  writeFileSync(
    rules,
    "protected:\n  - {id: words, patterns: ['songs 1']}\n  - {id: rest, patterns: [rest]}\n",
  );
  const lines = ['No one shall be alone.', 'Everyone has the right to rest.'];
  writeFileSync(at('more.txt'), lines.map((line) => `${line}\n`.repeat(40)).join(''));
  const path = at('protected.yaml');
  writeFileSync(
    path,
    `${readFileSync(at('both.yaml'), 'utf8').replace('replay: 0', `replay: {text: ${at('more.txt')}}`)}protected: ${rules}\n`,
  );
  const { stdout } = await run('build', path, '--out', at('guarded'), '--dry-run');
  expect(stdout).toMatch(
    /removes .*\d+ rows that words protects, 40 passages of base text that rest protects/,
  );

  const generate = ['generate', '--model', at('base'), '--protect', rules, '--max-tokens', '60', '--json'];
  const refused = await run(...generate, '--prompt', 'the s\u200bongs 1');
  expect(refused).toMatchObject({ code: exit.failed, stderr: expect.stringContaining('protected.prompt') });
  const generated = async () => eventsOf(await run(...generate, '--prompt', '1 '))[0];
  const text = String((await generated())?.['text']);
  const isNew = (letter: string, at: number) =>
    !text.slice(0, at).toLowerCase().includes(letter.toLowerCase());
  const letter = [...text].findIndex((each, at) => at > 0 && /[a-z]/i.test(each) && isNew(each, at));
  expect(letter).toBeGreaterThan(0);
  writeFileSync(rules, `protected:\n  - {id: own, patterns: ['${text[letter]}']}\n`);
  expect(await generated()).toMatchObject({ end: 'protected', text: text.slice(0, letter) });
});

test('data with a card takes part in what its card allows, is revoked, and is built without', async () => {
  const card = [
    'card',
    'create',
    at('songs.jsonl'),
    '--category',
    'sovereign',
    '--licence',
    'by the council',
  ];
  const [made] = eventsOf(await run(...card, '--uses', 'build', 'export', '--json'));
  expect(made).toMatchObject({ event: 'card', card: { category: 'sovereign', uses: ['build', 'export'] } });
  // What is sovereign is not contributed; the relay is not asked.
  const joined = await run('join', 'http://127.0.0.1:1', '--text', at('songs.jsonl'));
  expect(joined).toMatchObject({ code: exit.failed, stderr: expect.stringContaining('error[card.use]') });

  const plan = await run('build', at('both.yaml'), '--dry-run');
  expect(plan.stdout).toMatch(/songs\.jsonl: sovereign, by the council\n.*letters\.jsonl: no card/);
  expect(await run('build', at('both.yaml'), '--out', at('both'))).toMatchObject({ code: exit.done });
  expect(await run('build', at('again.yaml'), '--out', at('again'))).toMatchObject({ code: exit.done });
  const lineage = (name: string) => parseLineage(readFileSync(at(name, 'lineage.json')));
  expect(dataOf(lineage('both').record)).toMatchObject([{ card: made?.['hash'] }, { card: null }]);
  expect(await run('export', '--model', at('again'), '--to', at('a.gguf'))).toMatchObject({
    code: exit.done,
  });

  const events = eventsOf(
    await run('revoke', at('songs.jsonl'), '--reason', 'withdrawn', '--in', folder, '--json'),
  );
  const touched = events.filter(({ event }) => event === 'touched');
  const byName = (name: string) => touched.find((each) => each['folder'] === at(name));
  expect(touched.map((each) => each['folder']).sort()).toEqual(
    [at('a.gguf'), at('again'), at('both')].sort(),
  );
  expect(byName('a.gguf')).toMatchObject({ rebuild: null });
  const commands = ['both', 'again'].map((name) => String(byName(name)?.['rebuild']));
  expect(commands).toEqual([
    `tapestry build ${at('both.yaml')} --without-revoked --out ${at('both-rebuilt')}`,
    `tapestry build ${at('again.yaml')} --without-revoked --base ${at('both-rebuilt')} --out ${at('again-rebuilt')}`,
  ]);

  const refused = { code: exit.failed, stderr: expect.stringContaining('error[card.revoked]') };
  expect(await run('build', at('both.yaml'), '--out', at('more'))).toMatchObject(refused);
  expect(await run('preview', at('both.yaml'))).toMatchObject(refused);
  expect(await run('export', '--model', at('again'), '--to', at('b.gguf'))).toMatchObject(refused);
  const acknowledged = ['export', '--model', at('again'), '--to', at('b.gguf'), '--acknowledge'];
  expect(await run(...acknowledged)).toMatchObject({ code: exit.done });

  expect(await run('build', at('again.yaml'), '--out', at('more'))).toMatchObject(refused);
  for (const command of commands)
    expect(await run(...command.split(' ').slice(1))).toMatchObject({ code: exit.done });
  const { record, ancestors } = lineage('again-rebuilt');
  const data = [record, ...ancestors.map((ancestor) => ancestor.record)].flatMap(dataOf);
  expect(new Set(data.map(({ name }) => name))).toEqual(new Set([at('letters.jsonl')]));
  expect(await run('lineage', at('again-rebuilt'))).toMatchObject({ code: exit.done });
});
