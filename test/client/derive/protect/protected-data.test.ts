import { expect, test } from 'vitest';
import { disguises } from '../../../../bench/protect/disguises.ts';
import { passages, rules } from '../../../../bench/protect/plants.ts';
import { corpusFromSplit } from '../../../../client/data/corpus.ts';
import type { TextBytes } from '../../../../client/data/text-bytes.ts';
import type { FileRows } from '../../../../client/derive/data/read-rows.ts';
import type { Row } from '../../../../client/derive/data/row.ts';
import { protectedDomains } from '../../../../client/derive/protect/domains.ts';
import { withoutProtectedRows } from '../../../../client/derive/protect/protected-rows.ts';
import { withoutProtectedLines } from '../../../../client/derive/protect/protected-text.ts';
import { parseProtectedRules } from '../../../../client/derive/protect/read-rules.ts';
import { TapestryError } from '../../../../client/errors.ts';
import { Random } from '../../../../client/random.ts';
import { seed } from '../../../support/seed.ts';

const removing = protectedDomains(rules.map((rule) => ({ ...rule, data: 'remove' })));
const fileOf = (rows: readonly Row[]): FileRows => ({
  ...{ name: 'rows.jsonl', hash: '0'.repeat(64), rows, lines: rows.length, leftOut: 0 },
});
const codeOf = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    return error instanceof TapestryError ? error.code : error;
  }
  return null;
};

/** Rows of every form, with the text in each of their places. */
function rowsWith(text: string): Row[] {
  const said = [{ role: 'user' as const, content: 'Yes?' }];
  return [
    { form: 'text', text: `Before. ${text} After.` },
    { form: 'messages', messages: [...said, { role: 'assistant', content: text }] },
    { form: 'messages', messages: [{ role: 'system', content: text }, ...said] },
    { form: 'answer', prompt: text, completion: 'No.' },
    { form: 'answer', prompt: said, completion: [{ role: 'assistant', content: text }] },
    { form: 'preference', prompt: 'Well?', chosen: 'No.', rejected: text },
    { form: 'preference', prompt: 'Well?', chosen: text, rejected: 'No.' },
    { form: 'label', prompt: 'Well?', completion: text, label: false },
    { form: 'prompt', prompt: text },
  ];
}

test('every row with a planted passage is removed, wherever it is, and 95% of those with a disguised one', () => {
  const innocent = rowsWith('The river is wide, and the boat is small.');
  const planted = passages.flatMap(rowsWith);
  const plain = withoutProtectedRows([fileOf([...innocent, ...planted])], removing);
  expect(plain.files[0]?.rows).toEqual(innocent);
  const total = plain.removed.reduce((sum, { count }) => sum + count, 0);
  expect(total).toBe(planted.length);

  const random = Random.seeded(seed);
  const ways = Object.values(disguises);
  const disguised = passages.flatMap((passage) =>
    ways.map((way): Row => ({ form: 'text', text: `So ${way(passage, random)} it was.` })),
  );
  const { files } = withoutProtectedRows([fileOf(disguised)], removing);
  expect(files[0]?.rows.length).toBeLessThanOrEqual(0.05 * disguised.length);
});

test('a passage that begins in a prompt and ends in its completion is removed', () => {
  const row: Row = { form: 'answer', prompt: 'He made a pipe', completion: 'bomb at home.' };
  expect(withoutProtectedRows([fileOf([row])], removing).removed).toEqual([{ rule: 'weapons', count: 1 }]);
});

test('a rule may refuse data instead', () => {
  const domains = protectedDomains(rules);
  const refused = [fileOf(rowsWith('song of the last river'))];
  expect(codeOf(() => withoutProtectedRows(refused, domains))).toBe('protected.refused');
  expect(codeOf(() => withoutProtectedRows([fileOf(rowsWith('sarin'))], domains))).toBe(null);
});

test('lines of base text with a part of a passage are removed and counted, and the others stay', () => {
  const train =
    'One.\nMix the powder with the oil and\npack it tightly into the tube.\nTwo. Sarin, sarin.\nThree.';
  const { corpus, removed } = withoutProtectedLines(
    corpusFromSplit('base', [
      { name: 'a', train, heldOut: 'A password is here.' },
      { name: 'b', train: 'Four.\nFive.', heldOut: 'Six.\n' },
    ]),
    removing,
  );
  const documents = (text: TextBytes) => [...text.pieces()].map((piece) => piece.text);
  expect(documents(corpus.train)).toEqual(['One.\nThree.', 'Four.\nFive.']);
  expect(documents(corpus.heldOut)).toEqual(['Six.\n']);
  expect(removed).toEqual([
    { rule: 'weapons', count: 3 },
    { rule: 'accounts', count: 1 },
  ]);
});

test('rules are read from YAML, and each fault names its line', () => {
  const read = (text: string) => parseProtectedRules(text, 'rules.yaml');
  expect(read("preamble: a\nprotected:\n  - {id: a, patterns: ['\\bx\\b']}")).toEqual([
    { id: 'a', data: 'remove', patterns: ['\\bx\\b'], examples: [] },
  ]);
  const faults: readonly (readonly [string, RegExp])[] = [
    ["protected:\n  - {id: a, patterns: ['(?=x)']}", /line 2: protected.0.patterns.0 cannot be used/],
    ['protected:\n  - id: a\n', /line 2: .*neither patterns nor examples/],
    ['protected:\n  - {id: A b, patterns: [x]}', /line 2: protected.0.id must be small letters/],
    ['protected:\n  - {id: a, paterns: [x]}', /is it patterns\?/],
    ['protected:\n  - {id: a, patterns: [x]}\n  - {id: a, patterns: [y]}', /two rules of one id/],
    ['protected: []', /must not be empty/],
    ['other: 1', /protected/],
    ['protected:\n  - {id: a, data: burn, patterns: [x]}', /must be remove or refuse/],
  ];
  for (const [text, message] of faults) expect(() => read(text), text).toThrow(message);
  expect(
    codeOf(() => read('a: [')),
    'broken YAML',
  ).toBe('protected.yaml');
  expect(
    codeOf(() => protectedDomains([{ id: 'a', data: 'remove', patterns: [], examples: ['too short'] }])),
  ).toBe('protected.short-example');
});
