import { expect, test } from 'vitest';
import { adopted } from '../../../apps/studio/adoption.ts';
import type {
  DatasetView,
  DocumentView,
  LibraryView,
  ModelView,
} from '../../../apps/studio/worker/worker-api.ts';
import { readForm } from '../../../client/derive/recipe/recipe-form.ts';

const model = (name: string, kind: ModelView['kind'] = 'base'): ModelView => ({
  ...{ name, kind, from: null, hash: '', parameters: 1, contextLength: 8, vocabularySize: 4 },
  ...{ made: 0, bytes: 1, stages: [], hasAdapter: false, revoked: [] },
});
const dataset = (name: string, forms: DatasetView['forms']): DatasetView => ({
  ...{ name, forms, bytes: 1, rows: 1, problems: [], card: null, refusal: null },
});
const library = (
  models: readonly ModelView[],
  datasets: readonly DatasetView[],
  documents: readonly DocumentView[] = [],
): LibraryView => ({ ...{ models, datasets, documents, unfinished: null, files: [], quota: null } });
const empty = library([], []);
const form = readForm('stages:\n  - kind: instruct\n    replay: {share: 0.3, corpora: Romance}\n');
if (form === null) throw new Error('the recipe is YAML');

test('the first base is the one that the recipe begins with, and later ones change nothing', () => {
  const one = library([model('a')], []);
  expect(adopted(form, empty, one)).toEqual({ base: 'a' });
  const used = { ...form, base: 'a' };
  expect(adopted(used, one, library([model('a'), model('b')], []))).toBeNull();
  expect(adopted(used, one, library([model('a'), model('a-instruct', 'derivative')], []))).toBeNull();
});

test('the rows of the first data choose the stage, and text beside them is base text', () => {
  const now = library([], [dataset('pairs.jsonl', { preference: 2 }), dataset('old.txt', { text: 1 })]);
  expect(adopted(form, empty, now)).toEqual({
    kind: 'prefer',
    datasets: ['pairs.jsonl'],
    replayText: ['old.txt'],
    replayCorpora: [],
  });
  const texts = library([], [dataset('old.txt', { text: 1 })]);
  expect(adopted(form, empty, texts)).toEqual({ kind: 'continue', datasets: ['old.txt'] });
});

test('more data joins the stage that was chosen, and votes wait until they are asked for', () => {
  const used = { ...form, datasets: ['a.jsonl'] };
  const before = library([], [dataset('a.jsonl', { answer: 1 })]);
  const more = library([], [...before.datasets, dataset('b.jsonl', { messages: 1 })]);
  expect(adopted(used, before, more)).toEqual({ kind: 'instruct', datasets: ['a.jsonl', 'b.jsonl'] });
  const votes = library([], [...before.datasets, dataset('votes.jsonl', { preference: 1 })]);
  expect(adopted(used, before, votes)).toBeNull();
});

test('rules and functions are used where the recipe names none yet; data that is refused waits', () => {
  const file = (name: string, kind: DocumentView['kind']): DocumentView => ({
    ...{ name, kind, bytes: 1, principles: 0, rules: 1, signatures: 0, problem: null },
  });
  const now = library([], [], [file('c.yaml', 'constitution'), file('r.yaml', 'rules')]);
  expect(adopted(form, empty, now)).toEqual({ constitution: 'c.yaml', protectedFile: 'r.yaml' });
  const own = { ...form, constitution: 'mine.yaml', hasOwnRules: true };
  expect(adopted(own, empty, now)).toBeNull();
  const reward = library([], [], [file('f.js', 'function')]);
  expect(adopted(form, empty, reward)).toEqual({ kind: 'reinforce', rewardFunction: 'f.js' });
  expect(adopted({ ...form, rewards: 1 }, empty, reward)).toBeNull();
  const refusal = { code: 'card.use', message: 'x', next: 'y' };
  const refused = library([], [{ ...dataset('a.jsonl', { answer: 1 }), refusal }]);
  expect(adopted(form, empty, refused)).toBeNull();
});
