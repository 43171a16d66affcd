import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanPrompt, mostPromptCharacters } from '../../../../relay/wire/speech/speech.ts';

test.each([
  ['  All human beings ', 'All human beings'],
  ['Todos los seres, ¿no?', 'Todos los seres, ¿no?'],
  ['e\u0301te\u0301', 'été'],
  ['می\u200Cخواهم', 'می\u200Cخواهم'],
  ['人人生而自由', '人人生而自由'],
  ['👩\u200D🚀 1', '👩\u200D🚀 1'],
  ['क्षि', 'क्षि'],
])('%j is a prompt', (text, clean) => {
  expect(cleanPrompt(text)).toBe(clean);
});

test.each([
  ['empty', ' '],
  ['without a letter', '…!?'],
  ['of two lines', 'a\nb'],
  ['with a bell', 'a\u0007'],
  ['with an escape sequence', 'a\u001b[2J'],
  ['that turns the direction', 'a\u202Eb'],
  ['with an isolate', 'a\u2066b'],
  ['with a zero-width space', 'a\u200Bb'],
  ['with half a character', 'a\ud800'],
  ['with a character that nobody assigned', 'a\u0378'],
  ['with a tower of marks', `a${'\u0336\u0337\u0338\u0334\u0335'}`],
  ['that is too long', 'a'.repeat(mostPromptCharacters + 1)],
])('a text %s is no prompt', (_, text) => {
  expect(cleanPrompt(text)).toBeNull();
});

test('what is clean stays so, and is one short line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const clean = cleanPrompt(text);
      if (clean === null) return;
      expect(cleanPrompt(clean)).toBe(clean);
      expect([...clean].length).toBeLessThanOrEqual(mostPromptCharacters);
      expect(clean).not.toMatch(/\p{Cc}|\u2028|\u2029|[\u202A-\u202E\u2066-\u2069]/u);
    }),
  );
});
