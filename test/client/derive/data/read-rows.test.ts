import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LeftOut, Problems } from '../../../../client/data/reading/problems.ts';
import { defaultDatasetLimits, readRows } from '../../../../client/derive/data/read-rows.ts';
import { sha256Hex } from '../../../../client/sha256.ts';

const encoder = new TextEncoder();

async function read(content: string | Uint8Array<ArrayBuffer>, limits = {}, step = 7, name = 'mine.jsonl') {
  const bytes = typeof content === 'string' ? encoder.encode(content) : content;
  const problems = new Problems();
  const file = {
    name,
    async *chunks() {
      for (let at = 0; at < bytes.length; at += step) yield bytes.slice(at, at + step);
    },
  };
  const rows = await readRows(file, problems, { ...defaultDatasetLimits, ...limits });
  return { ...rows, bytes, problems: problems.list().map(({ code, message }) => `${code} ${message}`) };
}

test('a bad line costs that line, and each sort of problem is named once with its first place', async () => {
  const lines = [
    '{"text": "one"}',
    '{"text": NaN}',
    '',
    '{"prompt": "p", "completion": "c"}',
    '{"question": "q"}',
    '{"text": 7}',
    '{"text": "two',
    '{"messages": [{"role": "user", "content": "u"}]}',
  ];
  const { rows, lines: count, leftOut, problems, hash, bytes } = await read(lines.join('\n'));
  expect(rows).toEqual([
    { form: 'text', text: 'one' },
    { form: 'answer', prompt: 'p', completion: 'c' },
  ]);
  expect({ count, leftOut }).toEqual({ count: 7, leftOut: 5 });
  expect(hash).toBe(sha256Hex(bytes));
  expect(problems).toEqual([
    'dataset.not-json 2 lines of mine.jsonl are no JSON and were left out; the first is line 2.',
    'dataset.unknown-columns Line 5 of mine.jsonl has no known set of columns and was left out.',
    'dataset.bad-row Line 6 of mine.jsonl has a column of another type than its set of columns has, and was left out.',
    'dataset.empty-row Line 8 of mine.jsonl has nothing to learn from (no answer, or two equal ones) and was left out.',
  ]);
});

test('rows in Windows-1252 are decoded, and the file is named', async () => {
  const { rows, problems } = await read(Uint8Array.from(Buffer.from('{"text":"café"}', 'latin1')));
  expect(rows).toEqual([{ form: 'text', text: 'café' }]);
  expect(problems).toEqual([expect.stringContaining('mine.jsonl is not UTF-8 and was read as Windows-1252')]);
});

test('bytes that are no UTF-8, long lines and rows over the limit are left out', async () => {
  const bad = Uint8Array.of(...encoder.encode('{"text":"a'), 0xff, ...encoder.encode('"}\n{"text":"b"}'));
  const broken = await read(bad);
  expect(broken.rows).toEqual([{ form: 'text', text: 'b' }]);
  expect(broken.problems).toEqual([expect.stringContaining('Line 1 (byte 10) of mine.jsonl is not UTF-8')]);

  const long = await read(`{"text":"${'x'.repeat(100)}"}\n{"text":"b"}\n`, { line: 40 });
  expect(long.rows).toEqual([{ form: 'text', text: 'b' }]);
  expect(long.problems).toEqual([expect.stringContaining('corpus.long-line Line 1')]);

  const many = await read('{"text":"a"}\n'.repeat(9), { rows: 4 });
  expect(many.rows).toHaveLength(4);
  expect(many.problems).toEqual([expect.stringContaining('dataset.too-many-rows')]);
});

test('a file of another kind, or one that is too large, is left out whole', async () => {
  await expect(read(Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3))).rejects.toThrow(LeftOut);
  await expect(read('{"text":"a"}\n'.repeat(9), { file: 50 })).rejects.toThrow(LeftOut);
  await expect(read(`[${'1,'.repeat(40)}1]`, { array: 50 }, 7, 'rows.json')).rejects.toThrow(LeftOut);
});

test('a JSON array gives its entries, and names those that cannot be used', async () => {
  const array = JSON.stringify([{ text: 'a' }, { text: 7 }, { instruction: 'i', output: 'o' }], null, 1);
  const { rows, problems, lines, leftOut } = await read(array, {}, 7, 'rows.json');
  expect(rows).toMatchObject([{ form: 'text', text: 'a' }, { form: 'answer' }]);
  expect({ lines, leftOut }).toEqual({ lines: 3, leftOut: 1 });
  expect(problems).toEqual([expect.stringMatching(/^dataset\.bad-row Entry 2 of rows\.json has a column/)]);
  for (const broken of ['{"text": "a"}', '[{"text": "a"}'])
    expect((await read(broken, {}, 7, 'rows.json')).problems).toEqual([
      expect.stringContaining('dataset.not-array Line 1 of rows.json'),
    ]);
});

test('plain text gives rows of whole paragraphs, all of it but lines that are no text', async () => {
  const paragraphs = Array.from({ length: 40 }, (_, i) => `${`Paragraph ${i} says little. `.repeat(20)}\n\n`);
  const { rows } = await read(paragraphs.join(''), {}, 100, 'notes.txt');
  expect(rows.length).toBeGreaterThan(3);
  const texts = rows.map((row) => (row.form === 'text' ? row.text : ''));
  expect(texts.join('')).toBe(paragraphs.join(''));
  expect(texts.every((text) => text.endsWith('\n\n'))).toBe(true);
  const bad = await read(Uint8Array.of(0x61, 0x0a, 0xff, 0x0a, 0x62), {}, 2, 'notes.md');
  expect(bad.rows).toEqual([{ form: 'text', text: 'a\nb' }]);
  expect(bad.problems).toEqual([expect.stringContaining('Line 2 (byte 2) of notes.md has bytes')]);
});

test('any values, lines and chunks: every line gives a row or counts as left out', async () => {
  const line = fc.oneof(
    fc.json(),
    fc.string(),
    fc.record({ text: fc.oneof(fc.string(), fc.jsonValue()) }).map((value) => JSON.stringify(value)),
    fc.record({ prompt: fc.string(), completion: fc.string() }).map((value) => JSON.stringify(value)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 8 }), fc.integer({ min: 1, max: 64 }), async (all, step) => {
      const lines = all.map((text) => text.replaceAll('\n', ' ').replaceAll('\0', ' '));
      const read1 = await read(lines.join('\n'), {}, step);
      expect(read1.lines).toBe(lines.filter((text) => text.trim() !== '').length);
      expect(read1.rows.length + read1.leftOut).toBe(read1.lines);
    }),
    { numRuns: 100 },
  );
});
