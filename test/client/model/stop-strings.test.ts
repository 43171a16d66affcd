import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StopStrings } from '../../../client/model/stop-strings.ts';

/** What is passed on of each piece, and at the end. */
function pass(stops: readonly string[], pieces: readonly string[]): string[] {
  const strings = new StopStrings(stops);
  return [...pieces.map((piece) => strings.push(piece)), strings.flush()];
}

test('text ends before a stop string, which is found across pieces', () => {
  expect(pass(['END'], ['one E', 'N', 'D two', 'three'])).toEqual(['one ', '', '', '', '']);
  expect(pass(['END'], ['one END two'])).toEqual(['one ', '']);
});

test('what only began like a stop string is passed on as soon as that is clear', () => {
  expect(pass(['aab'], ['a', 'a', 'a', 'c', 'a'])).toEqual(['', '', 'a', 'aac', '', 'a']);
  expect(pass([], ['all', ' of it'])).toEqual(['all', ' of it', '']);
});

test('of several, the one that is complete first counts, and of those the longest', () => {
  expect(pass(['abcd', 'bc'], ['xabcd'])).toEqual(['xa', '']);
  expect(pass(['c', 'abc'], ['xabc'])).toEqual(['x', '']);
});

test('however the text is cut, the same is passed on, never past a stop string and never less than could be', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 30 });
  const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'é'), minLength: 1, maxLength: 4 }), {
    maxLength: 3,
  });
  fc.assert(
    fc.property(texts, stops, fc.array(fc.nat(30)), (text, strings, cuts) => {
      const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)), text.length].sort((a, b) => a - b);
      const pieces = at.slice(1).map((end, i) => text.slice(at[i], end));
      const passed = pass(strings, pieces).join('');
      expect(passed).toBe(pass(strings, [text]).join(''));
      expect(text.startsWith(passed)).toBe(true);
      expect(strings.some((stop) => passed.includes(stop))).toBe(false);
      if (!strings.some((stop) => text.includes(stop))) expect(passed).toBe(text);
    }),
  );
});
