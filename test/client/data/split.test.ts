import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitText } from '../../../client/data/split.ts';
import { TextBytes } from '../../../client/data/text-bytes.ts';
import { documentsOf } from '../../support/tokens.ts';

function textOf(documents: readonly string[]): TextBytes {
  const text = new TextBytes();
  for (const document of documents) text.add(document);
  return text;
}

function split(documents: readonly string[]) {
  const { train, heldOut } = splitText(textOf(documents));
  return { train: documentsOf(train), heldOut: documentsOf(heldOut) };
}

test('short notes are held out whole, as a share of all notes and not of each file', () => {
  const notes = Array.from(
    { length: 300 },
    (_, i) => `Short note ${i}: the kettle sang, the cat slept, rain all day.\n`,
  );
  const { train, heldOut } = split(notes);
  expect([...train, ...heldOut]).toEqual(notes);
  expect(heldOut.length).toBeGreaterThan(24);
  expect(heldOut.length).toBeLessThan(34);
});

test('a long document has parts held out throughout, each from one end of a paragraph to another', () => {
  const paragraphs = Array.from({ length: 4000 }, (_, i) => `Paragraph ${i} says something of its own.\n\n`);
  const { train, heldOut } = split([paragraphs.join('')]);
  expect(heldOut.length).toBe(4);
  const parts = [...train, ...heldOut].flatMap((part) => part.split(/(?<=\n\n)/));
  expect(parts.sort()).toEqual([...paragraphs].sort());
  const share = heldOut.join('').length / paragraphs.join('').length;
  expect(share).toBeCloseTo(0.1, 1);
});

test('a short document is split near its end, at the start of a line or word', () => {
  const lines = Array.from({ length: 30 }, (_, i) => `line number ${i + 10}`).join('\n');
  expect(split([lines]).heldOut).toEqual(['line number 37\nline number 38\nline number 39']);
  const sentence =
    'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen';
  expect(split([sentence])).toEqual({
    train: ['one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen '],
    heldOut: ['sixteen'],
  });
});

test('the split loses nothing, puts nothing into both parts and cuts no character', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'é', '漢', '😀', ' ', '\n'),
    minLength: 1,
    maxLength: 400,
  });
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 9 }), (documents) => {
      const { train, heldOut } = split(documents);
      expect([...train, ...heldOut].join('')).toBe(documents.join(''));
      for (const part of [...train, ...heldOut]) expect(part).not.toContain('\uFFFD');
    }),
    { numRuns: 500 },
  );
});

test('the same documents always get the same split', () => {
  const documents = ['The tide came in. '.repeat(5000), 'b', 'The boats were dry again. '.repeat(700)];
  expect(split(documents)).toEqual(split(documents));
});
