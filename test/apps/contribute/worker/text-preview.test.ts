import { expect, test } from 'vitest';
import { previewOf } from '../../../../apps/contribute/worker/text-preview.ts';

const file = (name: string, text: string) => new File([text], name);

test('a preview has the first lines, shortened, and names what is refused', async () => {
  const long = '🧵'.repeat(500);
  const text = `\n  \nFirst line.\r\n${long}\n\nThird.\nFourth.\n${'More text. '.repeat(50)}`;
  const { bytes, firstLines, problems } = await previewOf([
    file('paper.pdf', '%PDF-1.7'),
    file('a.txt', text),
  ]);
  expect(bytes).toBeGreaterThan(2500);
  expect(firstLines).toEqual(['First line.', `${'🧵'.repeat(119)}…`, 'Third.']);
  expect(problems).toEqual([
    {
      code: 'corpus.not-text',
      message: 'paper.pdf is a PDF document.',
      next: 'Export it as plain text in UTF-8; for a PDF, pdftotext does that.',
    },
  ]);
});

test('a preview without any text says why, file by file', async () => {
  const { bytes, firstLines, problems } = await previewOf([
    file('paper.pdf', '%PDF-1.7'),
    file('b.txt', ' '),
  ]);
  expect([bytes, firstLines]).toEqual([0, []]);
  expect(problems.map(({ code }) => code)).toEqual(['corpus.not-text', 'corpus.empty', 'corpus.none']);
});
