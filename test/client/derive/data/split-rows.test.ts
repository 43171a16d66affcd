import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nearCopies } from '../../../../client/derive/data/near-copies.ts';
import { promptOf, type Row } from '../../../../client/derive/data/row.ts';
import { splitRows } from '../../../../client/derive/data/split-rows.ts';
import { Random } from '../../../../client/random.ts';

const random = Random.seeded(3);
const vocabulary = Array.from({ length: 2000 }, (_, i) => `w${i.toString(36)}`);
const sentence = (words: number) =>
  Array.from({ length: words }, () => vocabulary[random.below(2000)]).join(' ');
const answer = (prompt: string, completion = 'yes'): Row => ({ form: 'answer', prompt, completion });

test('about the wanted share is held out, the same rows in any order and beside other rows', () => {
  const rows = Array.from({ length: 2000 }, () => answer(sentence(12)));
  const { train, heldOut, duplicates, nearCopies: copies } = splitRows(rows, 0.1);
  expect({ duplicates, copies }).toEqual({ duplicates: 0, copies: 0 });
  expect(train.length + heldOut.length).toBe(2000);
  expect(heldOut.length).toBeGreaterThan(150);
  expect(heldOut.length).toBeLessThan(250);
  const prompts = (side: readonly Row[]) => new Set(side.map(promptOf));
  expect(prompts(splitRows(rows.toReversed(), 0.1).heldOut)).toEqual(prompts(heldOut));
  const fewer = prompts(splitRows(rows.slice(0, 700), 0.1).heldOut);
  expect([...fewer].every((prompt) => prompts(heldOut).has(prompt))).toBe(true);
  expect(splitRows(rows, 0).heldOut).toEqual([]);
});

test('equal rows are removed and counted; other answers to one prompt are on the same side', () => {
  const rows = Array.from({ length: 200 }, () => sentence(9)).flatMap((prompt) => [
    answer(prompt),
    answer(prompt),
    answer(`  ${prompt.toUpperCase()}!`, 'no'),
  ]);
  const { train, heldOut, duplicates, nearCopies: copies } = splitRows(rows, 0.3);
  expect({ duplicates, copies }).toEqual({ duplicates: 200, copies: 200 });
  const keys = (side: readonly Row[]) =>
    new Set(side.map((row) => promptOf(row).trim().toLowerCase().replace('!', '')));
  expect([...keys(train)].filter((key) => keys(heldOut).has(key))).toEqual([]);
  expect(heldOut.length).toBeGreaterThan(0);
});

test('a prompt with a word changed, added or removed is never on the other side', () => {
  const originals = Array.from({ length: 300 }, () => sentence(40).split(' '));
  const rows = originals.flatMap((words) => {
    const at = 1 + random.below(38);
    const changed = words.with(at, 'other');
    return [words, changed, words.toSpliced(at, 0, 'more'), words.slice(1)].map((each) =>
      answer(each.join(' ')),
    );
  });
  const groups = nearCopies(rows.map(promptOf));
  expect([...groups]).toEqual(rows.map((_, index) => index - (index % 4)));
});

test('different questions of one form are not near-copies', () => {
  const asked = (thing: string) =>
    `You are a helpful assistant. Please answer: what is the capital of ${thing} today?`;
  const prompts = Array.from({ length: 100 }, (_, i) => asked(`Land${i}`));
  expect([...nearCopies(prompts)]).toEqual(prompts.map((_, index) => index));
});

test('the exact pairs of a slow comparison are found, for random texts of few words', () => {
  const text = fc
    .array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 14 })
    .map((words) => words.map((word) => `w${word}`).join(' '));
  const shingles = (words: string) => {
    const all = words.split(' ');
    return new Set(all.slice(3).map((_, at) => all.slice(at, at + 4).join(' ')));
  };
  fc.assert(
    fc.property(fc.array(text, { maxLength: 8 }), (texts) => {
      const groups = nearCopies(texts);
      texts.forEach((one, i) => {
        texts.slice(0, i).forEach((other, j) => {
          const [a, b] = [shingles(one), shingles(other)];
          const both = [...a].filter((shingle) => b.has(shingle)).length;
          const similar = both > 0 && both >= 0.8 * new Set([...a, ...b]).size;
          if (one === other || similar) expect(groups[i]).toBe(groups[j]);
        });
      });
    }),
    { numRuns: 300 },
  );
});
