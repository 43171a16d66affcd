import type { Files } from '../../../client/runtime.ts';
import type { ExportedFile } from '../../ui/files/saving.ts';
import type { TextVote } from './base-api.ts';

/** The newest votes of a run that a browser stores. */
const storedVotes = 1000;

const fileName = (run: string) => `votes-${run.slice(0, 16)}.jsonl`;

/** The votes of one browser on texts of bases: preference pairs, one JSON object a line, as `prefer` reads them. */
export class Votes {
  readonly #files: Files;

  constructor(files: Files) {
    this.#files = files;
  }

  /** Stores a vote, and gives the number of those stored. */
  async add({ run, prompt, chosen, rejected }: TextVote): Promise<number> {
    const lines = [...(await this.#lines(run)), JSON.stringify({ prompt, chosen, rejected })].slice(
      -storedVotes,
    );
    await this.#files.write(fileName(run), new TextEncoder().encode(`${lines.join('\n')}\n`));
    return lines.length;
  }

  /** The file of a run's votes; null without any. */
  async file(run: string): Promise<ExportedFile | null> {
    const name = fileName(run);
    const bytes = await this.#files.read(name);
    return bytes && { name, blob: new Blob([bytes], { type: 'application/x-ndjson' }) };
  }

  async #lines(run: string): Promise<string[]> {
    const bytes = await this.#files.read(fileName(run));
    return bytes === null
      ? []
      : new TextDecoder()
          .decode(bytes)
          .split('\n')
          .filter((line) => line !== '');
  }
}
