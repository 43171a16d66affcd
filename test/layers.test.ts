import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { globSync } from 'tinyglobby';
import { expect, test } from 'vitest';

/** What each folder may import, besides itself: imports fall, never rise. The first prefix that matches counts. */
const leaves = ['shaders/', 'relay/wire/', 'client/formats/', 'client/errors.ts', 'client/random.ts'];
const allowed: readonly (readonly [string, readonly string[]])[] = [
  ['shaders/', []],
  ['relay/wire/', []],
  ['client/errors.ts', []],
  ['client/random.ts', []],
  ['client/formats/', ['client/errors.ts']],
  ['client/gpu/', leaves],
  ['client/model/', [...leaves, 'client/gpu/', 'client/data/']],
  ['client/data/', leaves],
  ['client/train/', [...leaves, 'client/gpu/', 'client/model/', 'client/data/']],
  ['client/contribute/', [...leaves, 'client/gpu/', 'client/model/', 'client/data/', 'client/train/']],
  ['client/derive/', [...leaves, 'client/gpu/', 'client/model/', 'client/data/', 'client/train/']],
  [
    'client/host/',
    [...leaves, 'client/gpu/', 'client/model/', 'client/data/', 'client/train/', 'client/contribute/'],
  ],
  ['relay/', leaves],
  ['apps/', ['shaders/', 'client/', 'relay/']],
  ['bench/', ['shaders/', 'client/', 'relay/', 'apps/', 'test/']],
  ['test/', ['shaders/', 'client/', 'relay/', 'apps/', 'bench/']],
];

const root = join(import.meta.dirname, '..');

test('imports fall from apps to leaves and never rise', () => {
  const risen: string[] = [];
  let seen = 0;
  for (const file of globSync(['{shaders,relay,client,apps,bench,test}/**/*.{ts,tsx}', '!**/*.d.ts'], {
    cwd: root,
  })) {
    const rule = allowed.find(([prefix]) => file.startsWith(prefix));
    const source = readFileSync(join(root, file), 'utf8');
    for (const match of source.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)) {
      const target = relative(root, join(root, dirname(file), match[1] ?? '')).replace(/\?.*$/, '');
      seen++;
      const own = rule !== undefined && target.startsWith(rule[0]);
      if (!own && !rule?.[1].some((prefix) => target.startsWith(prefix)))
        risen.push(`${file} imports ${target}`);
    }
  }
  expect(risen).toEqual([]);
  expect(seen).toBeGreaterThan(10);
});
