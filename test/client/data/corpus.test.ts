import { expect, test } from 'vitest';
import { corpusFromDocuments, corpusFromFiles, parseDocuments } from '../../../client/data/corpus.ts';
import { byteTokenizer } from '../../../client/data/tokenizer.ts';
import type { TapestryError } from '../../../client/errors.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const long = 'Rain fell on the tin roofs of the harbour. '.repeat(20);

test('documents stand between beginning and end, and the parts apart', () => {
  const documents = Array.from({ length: 10 }, (_, i) => ({ name: `${i}`, text: `${i}é` }));
  const { beginning, end } = byteTokenizer;
  const corpus = corpusFromDocuments('digits', documents);
  expect([...corpus.heldOut]).toEqual([beginning, 0x39, 0xc3, 0xa9, end]);
  expect([...corpus.train.subarray(0, 10)]).toEqual([
    ...[beginning, 0x30, 0xc3, 0xa9, end],
    ...[beginning, 0x31, 0xc3, 0xa9, end],
  ]);
  expect(corpus.train).toHaveLength(9 * 5);
});

test('a text file is one document, with line ends made alike and no byte order mark', () => {
  const file = bytes(`\uFEFF${long}\r\n${long}`);
  expect(parseDocuments('notes.txt', file)).toEqual([{ name: 'notes.txt', text: `${long}\n${long}` }]);
});

test('a JSONL file is a document a line, other fields and blank lines apart', () => {
  const file = bytes(
    `${JSON.stringify({ id: 1, text: long })}\n\n{"text":" "}\n${JSON.stringify({ text: 'short' })}\n`,
  );
  expect(parseDocuments('talk.jsonl', file)).toEqual([
    { name: 'talk.jsonl:1', text: long },
    { name: 'talk.jsonl:4', text: 'short' },
  ]);
});

const good = JSON.stringify({ text: long });
test.each<[string, string, Uint8Array, string]>([
  ['corpus.empty', 'empty.txt', bytes(''), 'empty.txt has no text'],
  ['corpus.empty', 'blank.txt', bytes(' \n\t\n'), 'blank.txt has no text'],
  ['corpus.empty', 'blank.jsonl', bytes('\n{"text":""}\n'), 'blank.jsonl has no text'],
  ['corpus.not-utf8', 'latin1.txt', Uint8Array.of(0x63, 0x61, 0x66, 0xe9), 'latin1.txt is not UTF-8'],
  ['corpus.not-utf8', 'cut.txt', bytes(`${long}é`).slice(0, -1), 'cut.txt is not UTF-8'],
  ['corpus.not-utf8', 'utf16.txt', Uint8Array.of(0xff, 0xfe, 0x61, 0x00), 'utf16.txt is not UTF-8'],
  ['corpus.too-short', 'short.txt', bytes('漢'.repeat(42)), 'short.txt has 128 tokens'],
  ['corpus.bad-jsonl', 'bad.jsonl', bytes(`${good}\n{"text":`), 'bad.jsonl:2 is not a JSON object'],
  ['corpus.bad-jsonl', 'bad.jsonl', bytes(`${good}\n\n[1]`), 'bad.jsonl:3 is not a JSON object'],
  ['corpus.bad-jsonl', 'bad.ndjson', bytes('{"text":7}'), 'bad.ndjson:1 is not a JSON object'],
  ['corpus.bad-jsonl', 'bad.jsonl', bytes('{"body":"a"}'), 'bad.jsonl:1 is not a JSON object'],
  ['corpus.too-large', 'huge.txt', new Uint8Array(256 * 2 ** 20 + 1), 'huge.txt has 268435457 bytes'],
])('%s: %s', (code, name, content, message) => {
  expect(() => parseDocuments(name, content)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) }),
  );
});

test('129 tokens are enough', () => {
  expect(parseDocuments('just.txt', bytes('a'.repeat(127)))).toHaveLength(1);
  expect(() => parseDocuments('just.txt', bytes('a'.repeat(126)))).toThrow(
    expect.objectContaining({ code: 'corpus.too-short' }),
  );
});

test('what is wrong with a file is told and the others go on', () => {
  const problems: TapestryError[] = [];
  const files = [
    { name: 'empty.txt', bytes: bytes('') },
    { name: 'good.txt', bytes: bytes(long) },
    { name: 'bad.jsonl', bytes: bytes('nonsense') },
  ];
  const corpus = corpusFromFiles('mine', files, (problem) => problems.push(problem));
  expect(problems.map(({ code }) => code)).toEqual(['corpus.empty', 'corpus.bad-jsonl']);
  expect(corpus).toEqual(corpusFromDocuments('mine', [{ name: 'good.txt', text: long }]));
});

test('no usable file at all is an error', () => {
  const files = [{ name: 'empty.txt', bytes: bytes('') }];
  expect(() => corpusFromFiles('mine', files, () => {})).toThrow(
    expect.objectContaining({ code: 'corpus.none' }),
  );
  expect(() => corpusFromFiles('mine', [], () => {})).toThrow(
    expect.objectContaining({ code: 'corpus.none' }),
  );
});
