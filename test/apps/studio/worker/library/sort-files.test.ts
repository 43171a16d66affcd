import { expect, test } from 'vitest';
import { sortFiles } from '../../../../../apps/studio/worker/library/sort-files.ts';

const chosen = (...paths: string[]) =>
  paths.map((path) => ({ path, file: new File([], path.split('/').at(-1) ?? '') }));
const pathsOf = (files: readonly { readonly path: string }[]) => files.map(({ path }) => path);

test('a folder with config.json and weights is a model, with the files that its reader reads', () => {
  const { models, datasets, unknown } = sortFiles(
    chosen(
      'open/config.json',
      'open/model-1.safetensors',
      'open/model.safetensors.index.json',
      'open/tokenizer.json',
      'open/README.md',
      'open/.git/config',
      'rows.jsonl',
    ),
  );
  expect(models.map(({ name, files }) => [name, [...files.keys()]])).toEqual([
    ['open', ['config.json', 'model-1.safetensors', 'model.safetensors.index.json', 'tokenizer.json']],
  ]);
  expect(pathsOf(datasets)).toEqual(['rows.jsonl']);
  expect(pathsOf(unknown)).toEqual(['open/.git/config']);
});

test('every other file is a model, data, a recipe, or unknown by its name', () => {
  const sorted = sortFiles(chosen('a.GGUF', 'config.json', 'b.txt', 'c.yaml', 'README.md', 'd.mp3'));
  expect(sorted.models.map(({ name }) => name)).toEqual(['a']);
  expect(pathsOf(sorted.datasets)).toEqual(['config.json', 'b.txt']);
  expect(pathsOf(sorted.documents)).toEqual(['c.yaml']);
  expect(pathsOf(sorted.unknown)).toEqual(['d.mp3']);
  expect(pathsOf(sortFiles(chosen('README.md')).datasets)).toEqual(['README.md']);
});

test('cards, journals and what recipes name are told by their names, and the lineage of a GGUF file goes with it', () => {
  const sorted = sortFiles(
    chosen(
      ...['rows.jsonl', 'rows.jsonl.card.yaml', 'archive/cards.yaml', 'data-journal.jsonl'],
      ...['rules.yaml', 'constitution.yaml.signatures.json', 'reward.js', 'a.gguf', 'a.gguf.lineage.json'],
    ),
  );
  expect(pathsOf(sorted.datasets)).toEqual(['rows.jsonl']);
  expect(pathsOf(sorted.cards)).toEqual(['rows.jsonl.card.yaml', 'archive/cards.yaml']);
  expect(pathsOf(sorted.journals)).toEqual(['data-journal.jsonl']);
  expect(pathsOf(sorted.documents)).toEqual(['rules.yaml', 'constitution.yaml.signatures.json', 'reward.js']);
  expect(sorted.models.map(({ files }) => [...files.keys()])).toEqual([['a.gguf', 'lineage.json']]);
  expect(sorted.unknown).toEqual([]);
});
