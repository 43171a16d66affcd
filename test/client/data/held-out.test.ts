import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitDocuments } from '../../../client/data/held-out.ts';

const paragraphs = (count: number) =>
  Array.from({ length: count }, (_, i) => `Paragraph ${i + 1}.`).join('\n\n');

test('every tenth paragraph of a long document is held out', () => {
  expect(splitDocuments([{ name: 'long', text: paragraphs(20) }])).toEqual([
    {
      name: 'long',
      train: paragraphs(20).replace('Paragraph 10.\n\n', '').replace('\n\nParagraph 20.', ''),
      heldOut: 'Paragraph 10.\n\nParagraph 20.',
    },
  ]);
});

test('of many short documents every tenth is held out whole', () => {
  const documents = Array.from({ length: 25 }, (_, i) => ({ name: `${i}`, text: `Message ${i}` }));
  const split = splitDocuments(documents);
  expect(split.filter(({ heldOut }) => heldOut !== '').map(({ name }) => name)).toEqual(['9', '19']);
  expect(split.filter(({ train }) => train !== '')).toHaveLength(23);
});

test('of a few short documents the end is held out, from the start of a line or word', () => {
  const lines = Array.from({ length: 30 }, (_, i) => `line number ${i + 10}`).join('\n');
  const [poem] = splitDocuments([{ name: 'poem', text: lines }]);
  expect(poem?.heldOut).toBe('line number 36\nline number 37\nline number 38\nline number 39');
  const [sentence] = splitDocuments([
    { name: 'sentence', text: 'one two three four five six seven eight nine ten' },
  ]);
  expect(sentence).toEqual({
    name: 'sentence',
    train: 'one two three four five six seven eight ',
    heldOut: 'nine ten',
  });
});

test('nothing is lost and nothing is in both parts, and no character is cut', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'é', '漢', '😀', ' ', '\n'),
    minLength: 10,
    maxLength: 400,
  });
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 9 }), (texts) => {
      const split = splitDocuments(texts.map((each, i) => ({ name: `${i}`, text: each })));
      split.forEach(({ train, heldOut }, i) => {
        const blocks = (texts[i] ?? '').split(/\n\s*\n/);
        if (blocks.length < 10) expect(train + heldOut).toBe(texts[i]);
        else {
          const kept = [train.split('\n\n').length, heldOut.split('\n\n').length];
          expect(kept).toEqual([
            blocks.length - Math.floor(blocks.length / 10),
            Math.floor(blocks.length / 10),
          ]);
        }
        expect(heldOut).not.toBe('');
        expect(train.isWellFormed() && heldOut.isWellFormed()).toBe(true);
      });
    }),
    { numRuns: 500 },
  );
});

test('the same documents are split the same way', () => {
  const documents = [{ name: 'a', text: paragraphs(33) }];
  expect(splitDocuments(documents)).toEqual(splitDocuments(documents));
});
