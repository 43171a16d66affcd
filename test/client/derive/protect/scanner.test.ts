import fc from 'fast-check';
import { expect, test } from 'vitest';
import { disguises } from '../../../../bench/protect/disguises.ts';
import { passages, rules } from '../../../../bench/protect/plants.ts';
import { compilePattern } from '../../../../client/derive/patterns.ts';
import { Automaton } from '../../../../client/derive/protect/automaton.ts';
import { foldCharacter } from '../../../../client/derive/protect/characters.ts';
import { protectedDomains } from '../../../../client/derive/protect/domains.ts';
import { PatternSet } from '../../../../client/derive/protect/pattern-set.ts';
import { assertionsAt } from '../../../../client/derive/protect/program.ts';
import { protectedMatches } from '../../../../client/derive/protect/scanner.ts';
import { Random } from '../../../../client/random.ts';
import { seed } from '../../../support/seed.ts';

const domains = protectedDomains(rules);
const rulesIn = (text: string) => protectedMatches(text, domains).map(({ rule }) => rule);

function withPatterns(...patterns: readonly string[]) {
  const own = protectedDomains([{ id: 'own', data: 'remove', patterns: [...patterns], examples: [] }]);
  return (text: string) => protectedMatches(text, own)[0] ?? null;
}

/** The end of the match that ends first, by the automaton; null if there is none. */
function firstEnd(source: string, text: string): number | null {
  const automaton = new Automaton(new PatternSet([{ source, rule: 0 }], 'plain'));
  const ends: number[] = [];
  const isWord = (at: number) => /\w/.test(text[at] ?? '');
  const flagsAt = (at: number) => assertionsAt(at === 0, at === text.length, isWord(at - 1) !== isWord(at));
  for (let at = 0; at < text.length; at++)
    for (const character of foldCharacter(text.codePointAt(at) ?? 0))
      automaton.step(character, at, flagsAt(at), true, (_rule, _start, ended) =>
        ends.push(ended === 'with' ? at + 1 : at),
      );
  automaton.end(flagsAt(text.length), () => ends.push(text.length));
  return ends.length === 0 ? null : Math.min(...ends);
}

test('the automaton ends its first match where the first match of RE2 ends', () => {
  const sources = [
    ...[
      'a+b',
      '(a|b)+c',
      'a.?c',
      '[^a]+a',
      '^b|c$',
      '(?:ab|ac)*c',
      String.raw`\bab\b`,
      String.raw`a\Bb`,
      'a b+',
    ],
    ...['(a|ab)(c|bcd)', '(?i)AB', 'a{2,3}c', String.raw`\w+ \w`, '(?:a?){4}b', 'a*?b'],
  ];
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 16 });
  fc.assert(
    fc.property(fc.constantFrom(...sources), text, (source, among) => {
      const ends = Array.from({ length: among.length }, (_, at) => at + 1);
      expect(firstEnd(source, among)).toBe(ends.find((end) => endsAt(source, among, end)) ?? null);
    }),
    { seed, numRuns: 300 },
  );
});

/** True if a match of at least one character ends exactly there, by RE2. */
function endsAt(source: string, text: string, end: number): boolean {
  const rest = text.length - end;
  return Array.from({ length: end }, (_, start) => start).some((start) =>
    compilePattern(`^(?s:.{${start}})(?:${source})(?s:.{${rest}})$`).test(text),
  );
}

test('every planted passage is found, wherever it is', () => {
  for (const passage of passages) {
    expect(rulesIn(passage), passage).toHaveLength(1);
    expect(rulesIn(`And it came to pass: ${passage}, in those days.`), passage).toHaveLength(1);
  }
});

test.each(Object.entries(disguises))(
  'at least 95%% of passages are found disguised by %s',
  (_name, disguise) => {
    const random = Random.seeded(seed);
    const trials = passages.flatMap((passage) => Array.from({ length: 8 }, () => disguise(passage, random)));
    const missed = trials.filter((trial) => rulesIn(`In those days ${trial} was not a word.`).length === 0);
    expect(missed.length, missed.join('\n')).toBeLessThanOrEqual(0.05 * trials.length);
  },
);

test('an example with words changed, left out and added is found, and another sentence is not', () => {
  expect(rulesIn('Mix powder with the oil, then pack it very tightly into the tube!')).toEqual(['weapons']);
  expect(rulesIn('He mixed the flour with the milk and packed the bread into a box.')).toEqual([]);
});

test('the place is that in the original text', () => {
  const find = withPatterns(String.raw`\bbomb\b`);
  for (const written of ['bomb', 'BOMB', 'b\u200bo\u0301m\u00adb', 'ｂｏｍｂ', 'b0mb', 'bоmb', 'b o m b']) {
    const text = `😀 ein ${written} hier`;
    const match = find(text);
    expect(text.slice(match?.start, match?.end)).toBe(written);
  }
});

test.each([
  [
    'a word of another alphabet that looks like one',
    'В библиотеке один том и этот кот',
    String.raw`\b(tom|kot)\b`,
  ],
  ['a word inside another', 'the therapist spoke of a class', String.raw`\b(the rapist|ass)\b`],
  ['a list of letters', 'A, B, C and D are given', String.raw`\b(ass|cat)\b`],
  ['a number', 'In 455 the city had 1055 houses', String.raw`\b(ass|loss)\b`],
  ['words that follow each other', 'so do my friends and I am at home', 'sodomy|iamat'],
  ['a letter that only looks like another', 'the bali of the hail', String.raw`\b(baii|hall)\b`],
])('no alarm for %s', (_name, text, pattern) => {
  expect(withPatterns(pattern)(text)).toBeNull();
});

test('a word is found in its own alphabet with letters of another in it, and with accents and capitals in the pattern', () => {
  expect(withPatterns(String.raw`\bпароль\b`)('мой пaрoль тут')).not.toBeNull();
  expect(withPatterns(String.raw`\bÉl[èê]v[ÀÉ]s\b`)('un eleves ici')).not.toBeNull();
  expect(withPatterns('[^a-z]cat[^a-z]')('concatenate')).toBeNull();
  expect(withPatterns(String.raw`\Wcat\W`)('éducatéx')).toBeNull();
});

test('hostile patterns and texts end', () => {
  const find = withPatterns('(a+)+$', '(a|a)*!', '(a?){30}a{30}$', '(.*a){8}$', String.raw`(\w+\s?)*!`);
  expect(find(`${'a'.repeat(3000)}#`)).toBeNull();
  expect(rulesIn('@'.repeat(50_000))).toEqual([]);
  expect(rulesIn('p i p e '.repeat(5000))).toEqual([]);
});
