import { expect, test } from 'vitest';
import { addFiles } from '../../../../../apps/studio/worker/library/add-files.ts';
import { Cards } from '../../../../../apps/studio/worker/library/cards.ts';
import { Datasets } from '../../../../../apps/studio/worker/library/datasets.ts';
import { Documents } from '../../../../../apps/studio/worker/library/documents.ts';
import { Models } from '../../../../../apps/studio/worker/library/models.ts';
import { type DataCard, encodeCard } from '../../../../../client/data/cards/card.ts';
import { encodeEntries, revokedHashes } from '../../../../../client/data/cards/data-entry.ts';
import { TapestryError } from '../../../../../client/errors.ts';
import { sha256Hex } from '../../../../../client/sha256.ts';
import { memoryFolder } from './memory-folder.ts';

const row = '{"prompt": "a", "completion": "b"}\n';
const about = { category: 'controlled' as const, licence: 'x' };
const cardOf = (more: Omit<DataCard, 'category' | 'licence'>) => encodeCard({ ...about, ...more });

function studio() {
  const root = memoryFolder();
  const cards = new Cards(root.folder('cards'));
  const library = {
    cards,
    datasets: new Datasets(root.folder('data'), cards),
    documents: new Documents(root.folder('documents')),
    models: new Models(root.folder('models')),
  };
  const recipes: string[] = [];
  /** Adds files, and gives the codes of their problems. */
  const add = async (files: Readonly<Record<string, string>>) => {
    const problems: string[] = [];
    const attempt = (work: () => Promise<void>) =>
      work().catch((error: unknown) => {
        if (!(error instanceof TapestryError)) throw error;
        problems.push(error.code);
      });
    const chosen = Object.entries(files).map(([path, text]) => ({
      path,
      file: new File([text], path.split('/').at(-1) ?? ''),
    }));
    await addFiles(chosen, library, { attempt, onRecipe: (text) => recipes.push(text) }, 0);
    return problems;
  };
  /** The code of each dataset's refusal, or its category, by its name. */
  const uses = async () =>
    Object.fromEntries(
      (await library.datasets.list()).map(({ name, card, refusal }) => [
        name,
        refusal?.code ?? card?.category ?? null,
      ]),
    );
  return { ...library, add, uses, recipes };
}

test('the card of one file is found by its name, that of a folder by the hashes that it lists', async () => {
  const { add, uses } = studio();
  const files = { 'deep/b.jsonl': sha256Hex(row) };
  expect(await add({ 'archive/cards.yaml': cardOf({ files }), 'archive/deep/b.jsonl': row })).toEqual([]);
  expect(await uses()).toEqual({ 'b.jsonl': 'controlled' });
  await add({ 'a.jsonl': row, 'a.jsonl.card.yaml': cardOf({ hash: sha256Hex('other') }) });
  await add({ 'c.jsonl': `${row}${row}` });
  expect(await uses()).toEqual({ 'a.jsonl': 'card.mismatch', 'b.jsonl': 'controlled', 'c.jsonl': null });
  await add({ 'b.jsonl': `${row}${row}` });
  expect((await uses())['b.jsonl']).toBe('card.mismatch');
});

test('a dataset whose card cannot be read, or does not list it, is not added', async () => {
  const { add, uses } = studio();
  expect(await add({ 'a.jsonl': row, 'a.jsonl.card.yaml': 'category: mine' })).toEqual([
    'card.invalid',
    'card.invalid',
  ]);
  const files = { 'b.jsonl': sha256Hex(row) };
  expect(await add({ 'x/cards.yaml': cardOf({ files }), 'x/c.jsonl': row, 'd.jsonl': row })).toEqual([
    'card.unlisted',
  ]);
  expect(await add({ 'cards.yaml': cardOf({ hash: sha256Hex(row) }) })).toEqual(['card.invalid']);
  expect(await uses()).toEqual({ 'd.jsonl': 'controlled' });
});

test('revoked data is refused for good, under another name too', async () => {
  const { add, uses, datasets, cards } = studio();
  await add({ 'a.jsonl': row, 'a.jsonl.card.yaml': cardOf({ hash: sha256Hex(row) }) });
  await datasets.revoke('a.jsonl', 0);
  await datasets.remove('a.jsonl');
  await add({ 'b.jsonl': row });
  expect(await uses()).toEqual({ 'b.jsonl': 'card.revoked' });
  await expect(datasets.cardOf({ name: 'b.jsonl', hash: sha256Hex(row) })).rejects.toMatchObject({
    code: 'card.revoked',
  });
  expect(revokedHashes(await cards.entries()).size).toBe(2);
});

test('the journal of a node brings its revocations, once, and nothing else', async () => {
  const { add, uses, cards } = studio();
  const time = '2026-01-01T00:00:00.000Z';
  const used = {
    ...{ event: 'used' as const, time, use: 'build' as const, by: 'x', recipe: null },
    card: null,
  };
  const journal = encodeEntries([
    { ...used, name: 'a.jsonl', hash: sha256Hex(row) },
    { event: 'revoked', time, name: 'a.jsonl', hash: sha256Hex(row), reason: 'asked for' },
  ]);
  await add({ 'a.jsonl': row });
  for (let times = 0; times < 2; times++) expect(await add({ 'data-journal.jsonl': journal })).toEqual([]);
  expect(await uses()).toEqual({ 'a.jsonl': 'card.revoked' });
  expect((await cards.entries()).map(({ event }) => event)).toEqual(['revoked']);
  expect(await add({ 'data-journal.jsonl': '{"event":"unknown"}\n' })).toEqual(['card.journal']);
});

test('YAML is a recipe, a constitution or rules by its keys, and a faulty one is not stored', async () => {
  const { add, documents, recipes } = studio();
  const rules = 'protected: [{id: songs, patterns: [song]}]\n';
  const recipe = 'base_model: x\nreplay: 0\ndatasets: [{path: a.jsonl}]\n';
  const problems = await add({
    ...{ 'constitution.yaml': `principles: [{id: a, text: b}]\n${rules}`, 'rules.yaml': rules },
    ...{ 'recipe.yaml': recipe, 'own.yaml': `${recipe}${rules}`, 'reward.js': 'export default () => 1;' },
    ...{ 'faulty.yaml': 'protected: [{id: songs, patterns: ["("]}]\n', 'broken.yaml': 'a: [' },
    'constitution.yaml.signatures.json': '{"signatures": [{}]}',
  });
  expect(problems.sort()).toEqual(['constitution.signatures', 'protected.invalid', 'recipe.yaml']);
  expect(recipes).toEqual([recipe, `${recipe}${rules}`]);
  expect((await documents.list()).map(({ name, kind, rules: count }) => [name, kind, count])).toEqual([
    ['constitution.yaml', 'constitution', 1],
    ['reward.js', 'function', 0],
    ['rules.yaml', 'rules', 1],
  ]);
  await expect(documents.text('gone.yaml')).rejects.toMatchObject({ code: 'studio.no-file' });
});
