import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StopStrings } from '../../../../client/model/generate/stop-strings.ts';

/** The text passed on after each piece, and at the end. */
function pass(stops: readonly string[], pieces: readonly string[]): string[] {
  const strings = new StopStrings(stops);
  return [...pieces.map((piece) => strings.push(piece)), strings.flush()];
}

test('text ends before a stop string, which is found across pieces', () => {
  expect(pass(['END'], ['one E', 'N', 'D two', 'three'])).toEqual(['one ', '', '', '', '']);
  expect(pass(['END'], ['one END two'])).toEqual(['one ', '']);
});

test('text that only began like a stop string is passed on as soon as that is known', () => {
  expect(pass(['aab'], ['a', 'a', 'a', 'c', 'a'])).toEqual(['', '', 'a', 'aac', '', 'a']);
  expect(pass([], ['all', ' of it'])).toEqual(['all', ' of it', '']);
});

test('the first complete stop string counts, and the longest if several are complete at once', () => {
  expect(pass(['abcd', 'bc'], ['xabcd'])).toEqual(['xa', '']);
  expect(pass(['c', 'abc'], ['xabc'])).toEqual(['x', '']);
});

test('the text passed on does not depend on the cuts, never passes a stop string and is never less than possible', () => {
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
