import type { TextFile } from '../../data/reading/file-reading.ts';
import { LeftOut, sort } from '../../data/reading/problems.ts';

const gone = sort(
  'corpus.changed',
  'was changed, moved or deleted after it was chosen, and was left out',
  'were changed, moved or deleted after they were chosen, and were left out',
  'Choose the files again to include it.',
);

/** A file that a person chose. If it changed after the choice, the browser refuses to read it, and only this file is left out. */
export function chosenFile(file: Pick<File, 'name' | 'stream'>): TextFile {
  return {
    name: file.name,
    async *chunks() {
      const reader = await orLeftOut(() => file.stream().getReader());
      for (;;) {
        const { done, value } = await orLeftOut(() => reader.read());
        if (done) return;
        yield value;
      }
    },
  };
}

async function orLeftOut<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new LeftOut(gone, error);
  }
}
