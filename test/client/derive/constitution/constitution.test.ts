import { expect, test } from 'vitest';
import { constitutionHash, parseConstitution } from '../../../../client/derive/constitution/constitution.ts';
import { differences } from '../../../../client/derive/constitution/difference.ts';
import { TapestryError } from '../../../../client/errors.ts';

const key = 'ab'.repeat(32);
const written = `
preamble: We write plainly.
principles:
  - id: no-archaic
    text: The answer uses no archaic words.
    weight: 2
    follows: [You have it.]
    breaks: [Thou hast it.]
    check: '(?i)\\b(thou|hast)\\b'
  - id: short
    text: The answer is short.
protected:
  - { id: names, patterns: [Jane Doe] }
boards:
  - { name: elders, keys: [${key}], needed: 1 }
`;
const parse = (text: string) => parseConstitution(text, 'constitution.yaml');

test('a constitution is read with its defaults', () => {
  const { preamble, principles, boards, protected: rules } = parse(written);
  expect(rules).toMatchObject([{ id: 'names', patterns: ['Jane Doe'], data: 'remove' }]);
  expect(preamble).toBe('We write plainly.');
  expect(principles).toMatchObject([
    { id: 'no-archaic', weight: 2, follows: ['You have it.'], check: '(?i)\\b(thou|hast)\\b' },
    { id: 'short', weight: 1, follows: [], breaks: [] },
  ]);
  expect(boards).toEqual([{ name: 'elders', keys: [key], needed: 1 }]);
});

test('the hash is of the meaning: layout, comments and the order of keys do not change it, and every value does', () => {
  const hash = constitutionHash(parse(written));
  const turned = written
    .replace(/ {4}weight: 2\n/, '')
    .replace('- id: no-archaic', '# plain words\n  - weight: 2\n    id: no-archaic')
    .replace('The answer is short.', '"The answer is short."\n    weight: 1.0');
  expect(turned).not.toBe(written);
  expect(constitutionHash(parse(turned))).toBe(hash);
  for (const [from, to] of [
    ['plainly', 'clearly'],
    ['weight: 2', 'weight: 3'],
    ['You have', 'You had'],
    [
      '{ name: elders',
      `{ name: others, needed: 1, keys: [${key}] }
  - { name: elders`,
    ],
    ['(thou', '(thee'],
    ['Jane', 'John'],
  ] as const) {
    expect(constitutionHash(parse(written.replace(from, to))), from).not.toBe(hash);
  }
});

test.each<[string, string, RegExp]>([
  [
    'a pattern that is not linear',
    written.replace('(?i)', '(?=x)'),
    /line 9: principles.0.check is no usable pattern/,
  ],
  ['two equal ids', written.replace('id: short', 'id: no-archaic'), /line 10: principles.1.id is no-archaic/],
  ['too many signatures needed', written.replace('needed: 1', 'needed: 2'), /line 15: boards.0.needed is 2/],
  ['a key of another form', written.replace(key, 'ab'), /line 15: boards.0.keys.0 must be an Ed25519/],
  [
    'a rule of protected domains without patterns',
    written.replace(', patterns: [Jane Doe]', ''),
    /line 13: protected.0 has neither patterns nor examples/,
  ],
  [
    'an unknown key',
    written.replace('preamble:', 'preambel:'),
    /line 2: preambel is no known key; is it preamble\?/,
  ],
  ['no principles', 'preamble: x', /line 1: principles is missing/],
])('%s is refused with its line', (_, text, message) => {
  let refused: unknown;
  try {
    parse(text);
  } catch (error) {
    refused = error;
  }
  expect(refused).toBeInstanceOf(TapestryError);
  expect(refused).toMatchObject({ code: 'constitution.invalid', message: expect.stringMatching(message) });
});

test('text that is no YAML has a code of its own', () => {
  expect(() => parse('principles: [')).toThrow(expect.objectContaining({ code: 'constitution.yaml' }));
});

test('differences name entries that were added, removed and changed, and nothing else', () => {
  const before = parse(written);
  const after = parse(
    written
      .replace('weight: 2', 'weight: 3')
      .replace('id: short', 'id: brief')
      .replace('plainly', 'clearly')
      .replace('Jane', 'John'),
  );
  expect(differences(before, before)).toEqual([]);
  expect(
    differences(before, after).map(({ entry, keys, before: was, after: is }) => [
      entry,
      keys.length,
      was && 1,
      is && 1,
    ]),
  ).toEqual([
    ['preamble', 1, 1, 1],
    ['principle no-archaic', 1, 1, 1],
    ['principle brief', 5, null, 1],
    ['protected names', 1, 1, 1],
    ['principle short', 5, 1, null],
  ]);
});
