import { expect, test } from 'vitest';
import { corpusFromFiles } from '../../../../client/data/reading/corpus-from-files.ts';
import { chosenFile } from '../../../../client/host/browser/chosen-file.ts';
import { documentsOf } from '../../../support/tokens.ts';

/** Fails as browsers do when a file changed after it was chosen. */
const changed = (name: string, after: number) => {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => {
      for (let i = 0; i < after; i++) controller.enqueue(new TextEncoder().encode('the beginning of it\n'));
      if (after === 0) controller.error(new DOMException('it was not found', 'NotFoundError'));
    },
    pull: (controller) => controller.error(new DOMException('it could not be read', 'NotReadableError')),
  });
  return { name, stream: () => stream };
};

test('a file that is changed or deleted after it was chosen is named, and the others are used', async () => {
  const files = [
    changed('deleted.txt', 0),
    changed('edited.txt', 3),
    new File(['the one that is still there\n'.repeat(20)], 'kept.txt'),
  ];
  const problems: string[] = [];
  const corpus = await corpusFromFiles('choice', files.map(chosenFile), ({ code, message }) =>
    problems.push(`${code} ${message}`),
  );
  expect(documentsOf(corpus.train).join('')).toMatch(/^(the one that is still there\n)+$/);
  expect(problems).toEqual([
    'corpus.changed 2 files were changed, moved or deleted after they were chosen, and were left out; the first is deleted.txt.',
  ]);
});

test('a choice of which no file is left has an error of its own', async () => {
  const reading = corpusFromFiles('choice', [chosenFile(changed('edited.txt', 1))], () => {});
  await expect(reading).rejects.toMatchObject({ code: 'corpus.none' });
});
