import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compilePattern } from '../../../client/derive/patterns.ts';
import { TapestryError } from '../../../client/errors.ts';
import { seed } from '../../support/seed.ts';

const codeOf = (source: string) => {
  try {
    compilePattern(source);
  } catch (error) {
    return error instanceof TapestryError ? error.code : error;
  }
  return null;
};

test('a pattern finds the first match from a place on, in UTF-16 units', () => {
  const pattern = compilePattern('b+');
  expect(pattern.find('😀abbab')).toEqual({ start: 3, end: 5 });
  expect(pattern.find('😀abbab', 5)).toEqual({ start: 6, end: 7 });
  expect(pattern.find('😀abbab', 7)).toBeNull();
  expect(pattern.find('ab', 9)).toBeNull();
  expect(pattern.find('aaa')).toBeNull();
  expect(compilePattern('^b').find('ab', 1)).toBeNull();
});

test('on random texts it finds what the engine of JavaScript finds', () => {
  const sources = ['a+b', '(a|b)+c', 'a.?c', '[^a]+a', '^b|c$', '(?:ab|ac)*c', 'é+|ß'];
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', 'ß', '\n', '😀') });
  fc.assert(
    fc.property(fc.constantFrom(...sources), text, (source, among) => {
      const native = new RegExp(source, 'u').exec(among);
      const expected = native && { start: native.index, end: native.index + native[0].length };
      expect(compilePattern(source).find(among)).toEqual(expected);
      expect(compilePattern(source).test(among)).toBe(native !== null);
    }),
    { seed, numRuns: 300 },
  );
});

// The engine of JavaScript needs longer than the age of the universe for most of these; a test that ends has passed.
test.each([
  '(a+)+$',
  '(a|a)*$',
  '(a|aa)+$',
  '(.*a){12}$',
  '(a?){40}a{40}$',
  '(a|b)*a(a|b){20}c',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  String.raw`(\w+\s?)*$`,
  '([a-z0-9]+[.-]?)+@x',
])('a hostile pattern ends on 100 kB: %s', (source) => {
  const pattern = compilePattern(source);
  const text = `${'a'.repeat(100_000)}!`;
  expect(pattern.test(text)).toBe(pattern.find(text) !== null);
});

test.each([
  ['(?=a)', 'pattern.syntax'],
  ['(?!a)b', 'pattern.syntax'],
  ['(?<=a)b', 'pattern.syntax'],
  [String.raw`(a)\1`, 'pattern.syntax'],
  [String.raw`(?<n>a)\k<n>`, 'pattern.syntax'],
  [String.raw`\u00e9`, 'pattern.syntax'],
  ['(', 'pattern.syntax'],
  ['[z-a]', 'pattern.syntax'],
  ['(a{1000}){1000}', 'pattern.syntax'],
  ['a'.repeat(1001), 'pattern.too-large'],
  ['a{1000}a{1000}', 'pattern.too-large'],
])('a pattern that cannot run in linear time, or is too large, is refused: %s', (source, code) => {
  expect(codeOf(source)).toBe(code);
});
