import { expect, test } from 'vitest';
import { corpusFromFiles } from '../../../../client/data/reading/corpus-from-files.ts';
import { defaultReadingLimits, type ReadingLimits } from '../../../../client/data/reading/file-reading.ts';
import { documentsOf } from '../../../support/tokens.ts';

type Content = string | Uint8Array<ArrayBuffer>;
const bytesOf = (content: Content) =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;

/** Reads files in chunks of `step` bytes: gives their documents without a split, and the problems reported. */
async function read(files: Readonly<Record<string, Content>>, limits: Partial<ReadingLimits> = {}, step = 5) {
  const problems: string[] = [];
  const sources = Object.entries(files).map(([name, content]) => ({
    name,
    async *chunks() {
      const bytes = bytesOf(content);
      for (let at = 0; at < bytes.length; at += step) yield bytes.slice(at, at + step);
    },
  }));
  const tell = ({ code, message, next }: { code: string; message: string; next: string }) => {
    expect(next).not.toBe('');
    problems.push(`${code} ${message}`);
  };
  const all = { ...defaultReadingLimits, ...limits };
  const corpus = await corpusFromFiles('mine', sources, tell, all).catch(
    (error: { code: string }) => error.code,
  );
  const text =
    typeof corpus === 'string' ? corpus : [corpus.train, corpus.heldOut].flatMap(documentsOf).join('');
  return { text, problems };
}

const good = 'Rain fell on the tin roofs of the harbour.\n';
const json = (text: string) => `${JSON.stringify({ id: 1, text })}\n`;

test('300 notes of 62 bytes make a corpus, as files or as lines', async () => {
  const notes = Array.from(
    { length: 300 },
    (_, i) => `Short note ${String(i).padStart(3, '0')}: the kettle sang, rain fell all day.\n`,
  );
  const files = await read(Object.fromEntries(notes.map((note, i) => [`n${i}.txt`, note])));
  expect(files).toEqual({ text: notes.join(''), problems: [] });
  expect(await read({ 'notes.jsonl': notes.map(json).join('') })).toEqual({
    text: notes.join(''),
    problems: [],
  });
});

test('a line that is cut, holds NaN or has no text is left out alone, and all such lines are reported at once', async () => {
  const lines = [json('one '), '{"text": "a", "score": NaN}\n', json('two '), '[1]\n', '\n', '{"text": "thr'];
  expect(await read({ 'notes.jsonl': lines.join('') })).toEqual({
    text: 'one two ',
    problems: [
      'corpus.bad-jsonl 3 lines of notes.jsonl are not JSON objects with a "text" field and were left out; the first is line 2.',
    ],
  });
  expect((await read({ 'a.jsonl': `${json('one ')}{"text":7}`, 'b.ndjson': '{}\nnull\n' })).problems).toEqual(
    [
      'corpus.bad-jsonl 3 lines of 2 files are not JSON objects with a "text" field and were left out; the first is line 2 of a.jsonl.',
    ],
  );
});

test('one bad byte leaves out its sentence only, and is reported by line and byte', async () => {
  const accented = 'The café is open.\n';
  const bad = Uint8Array.of(...bytesOf(good), 0x63, 0xe9, 0x0a, ...bytesOf(accented));
  expect(await read({ 'a.txt': bad })).toEqual({
    text: good + accented,
    problems: [
      'corpus.not-utf8 Line 2 (byte 44) of a.txt has bytes that are not UTF-8 text; the sentence with them was left out.',
    ],
  });
  const line = 'All is well. '.repeat(4);
  const end = Uint8Array.of(...bytesOf(`${line}But caf`), 0xe9, ...bytesOf(' is not. Çok güzel.\r\n'));
  expect((await read({ 'a.txt': end })).text).toBe(`${line}Çok güzel.\n`);
  expect((await read({ 'a.jsonl': Uint8Array.of(...bytesOf(json(good)), 0x81) })).problems).toEqual([
    'corpus.not-utf8 Line 2 (byte 63) of a.jsonl is not UTF-8 text and was left out.',
  ]);
  expect((await read({ 'a.txt': Uint8Array.of(0x81, 0x20) })).text).toBe('corpus.none');
});

test('UTF-8 and UTF-16 with a byte order mark and UTF-16 without one are decoded', async () => {
  const text = 'Лодки вернулись до дождя — 😀, and the nets were dry.\n'.repeat(20);
  const wide = (order: boolean, mark: string) => {
    const all = mark + text;
    const bytes = new Uint8Array(all.length * 2);
    for (let i = 0; i < all.length; i++)
      new DataView(bytes.buffer).setUint16(2 * i, all.charCodeAt(i), order);
    return bytes;
  };
  for (const content of [
    `\uFEFF${text}`,
    wide(true, '\uFEFF'),
    wide(false, '\uFEFF'),
    wide(true, ''),
    wide(false, ''),
  ])
    expect(await read({ 'a.txt': content })).toEqual({ text, problems: [] });
  const half = wide(true, '\uFEFF');
  half.set([0x3d, 0xd8, 0x20, 0x00], 2 * 60);
  expect((await read({ 'a.txt': half })).problems).toEqual([
    expect.stringMatching(/^corpus\.not-utf8 Line 2 \(byte \d+\) of a\.txt has bytes that are not UTF-8/),
  ]);
});

/** Text in an encoding of one byte a character, of which `high` gives the bytes above 0x7F. */
const oneByte = (text: string, high: (character: string) => number) =>
  Uint8Array.from(
    [...text].map((character) =>
      (character.codePointAt(0) ?? 0) < 0x80 ? character.charCodeAt(0) : high(character),
    ),
  );
const windows1252 = new Map(
  Array.from({ length: 128 }, (_, i) => [
    new TextDecoder('windows-1252').decode(Uint8Array.of(128 + i)),
    128 + i,
  ]),
);

test.each([5, 1000, 100_000])('Windows-1252 is decoded and reported, in chunks of %i bytes', async (step) => {
  const words =
    'Der Müller sagte: “Straße!” – für 5 €.\r\nL’été créée, à Noël, où l’on naît.\nTöö jäääär; «¿Qué?»\n';
  const text = `${good.repeat(150)}${words.repeat(60)}`;
  const content = oneByte(text, (character) => windows1252.get(character) ?? 0);
  const reported = 'corpus.windows-1252 a.txt is not UTF-8 and was read as Windows-1252.';
  expect(await read({ 'a.txt': content }, {}, step)).toEqual({
    text: text.replaceAll('\r', ''),
    problems: [reported],
  });
  const end = Uint8Array.of(...bytesOf(good), 0x63, 0x61, 0x66, 0xe9);
  expect(await read({ 'a.txt': end }, {}, step)).toEqual({ text: `${good}café`, problems: [reported] });
});

test('an encoding of another script is not taken for Windows-1252', async () => {
  const text = 'Лодки вернулись до дождя.\n'.repeat(20);
  const cyrillic = oneByte(text, (character) => (character.codePointAt(0) ?? 0) - 0x410 + 0xc0);
  const { text: used, problems } = await read({ 'a.txt': cyrillic, 'b.txt': good });
  expect(used).toBe(good);
  expect(problems).toEqual([expect.stringMatching(/^corpus\.not-utf8 20 lines of a\.txt/)]);
});

test.each<[string, Content]>([
  ['is a PDF document', '%PDF-1.7\n1 0 obj\n'],
  ['is a zip archive', 'PK\x03\x04 notes/one.txt'],
  ['is a Word document', 'PK\x03\x04 [Content_Types].xml PK\x03\x04 word/document.xml'],
  ['is an OpenDocument document', 'PK\x03\x04 mimetypeapplication/vnd.oasis.opendocument.text'],
  ['is a rich text document', '{\\rtf1\\ansi text}'],
  ['is an image', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a)],
  ['is a compressed file', Uint8Array.of(0x1f, 0x8b, 8, 0)],
  ['is UTF-32 text', Uint8Array.of(0xff, 0xfe, 0, 0, 0x61, 0, 0, 0)],
  ['is binary data: it has bytes of value 0', `text\0${good}`],
])('what is no text is refused by name: %s', async (kind, content) => {
  const { text, problems } = await read({ 'a.txt': content, 'b.txt': good });
  expect(text).toBe(good);
  expect(problems).toEqual([expect.stringContaining(`corpus.not-text a.txt ${kind}`)]);
});

test('NUL far into a text leaves out its line only', async () => {
  const { text, problems } = await read({ 'a.txt': `${good.repeat(200)}a\0b\n${good}` }, {}, 1000);
  expect(text).toBe(good.repeat(201));
  expect(problems).toEqual([expect.stringContaining('Line 201 (byte 8601)')]);
});

test('line ends become line feeds, and a file of white space alone counts as empty', async () => {
  expect((await read({ 'a.txt': 'one\r\ntwo\r\n' })).text).toBe('one\ntwo\n');
  expect(await read({ 'a.txt': '', 'b.txt': ' \n\t', 'c.jsonl': '\n{"text":" "}\n', 'd.txt': good })).toEqual(
    {
      text: good,
      problems: ['corpus.empty 3 files have no text; the first is a.txt.'],
    },
  );
});

test('each exceeded limit is named', async () => {
  const long = { 'a.jsonl': json('x'.repeat(200)) + json('kept '), 'b.txt': 'y'.repeat(300) };
  expect(await read(long, { line: 100 })).toEqual({
    text: `kept ${'y'.repeat(300)}`,
    problems: ['corpus.long-line Line 1 of a.jsonl has more than 100 bytes and was left out.'],
  });
  expect((await read({ 'a.txt': 'y'.repeat(300), 'b.txt': good }, { file: 100 })).problems).toEqual([
    'corpus.too-large a.txt has more than 100 bytes and was left out.',
  ]);
  const { text, problems } = await read({ 'a.txt': good, 'b.txt': good, 'c.txt': good }, { corpus: 60 });
  expect(text).toBe(good);
  expect(problems).toEqual([
    'corpus.too-large 2 files were left out: all files together have more than 60 bytes; the first is b.txt.',
  ]);
});

test('an input without any file is an error, and a file name cannot break its line', async () => {
  expect((await read({})).text).toBe('corpus.none');
  expect((await read({ 'a\n\u001b[2J\u202e.txt': '', 'b.txt': good })).problems).toEqual([
    'corpus.empty a\\u{a}\\u{1b}[2J\\u{202e}.txt has no text.',
  ]);
});
