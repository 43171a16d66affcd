import { expect, test } from 'vitest';
import { acceptedLanguages } from '../../../apps/warning/accepted-languages.ts';

test.each([
  [undefined, []],
  ['', []],
  ['de', ['de']],
  ['de-CH,de;q=0.9,en;q=0.8', ['de-ch', 'de', 'en']],
  ['en;q=0.1, FR;q=0.7 ,zh-Hant-TW', ['zh-hant-tw', 'fr', 'en']],
  ['de;q=0,es;q=0.001', ['es']],
  ['*,ar;q=0.5', ['ar']],
  ['../../etc;q=1,<script>,de;q=high,pt;q=2,;;;,', []],
  ['a,'.repeat(5000), Array.from({ length: 5000 }, () => 'a')],
])('%j', (header, tags) => {
  expect(acceptedLanguages(header)).toEqual(tags);
});
