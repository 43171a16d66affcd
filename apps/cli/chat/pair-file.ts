import { dirname, resolve } from 'node:path';
import type { PreferencePair } from '../../../client/derive/chat/conversation.ts';
import { readColumns } from '../../../client/derive/data/columns.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { append, explained, nodeFiles } from '../../../relay/storage/files.ts';

/** The longest line that is looked at, in bytes. */
const maxLine = 2 ** 20;

/** A file of preference pairs, one JSON object a line, that grows at its end. Other files are never written to. */
export class PairFile {
  readonly path: string;
  readonly #files = explained(nodeFiles);

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** Appends pairs, durably. Throws `chat.foreign-file` for a file that holds something else, `disk.full` or `disk.failed`. */
  async add(pairs: readonly PreferencePair[]): Promise<void> {
    const lines = pairs.map((pair) => `${JSON.stringify(pair)}\n`).join('');
    const about = await this.#files.stat(this.path);
    const before = about === null || about.size === 0 ? '' : await this.#separator(about.size);
    await append(this.#files, this.path, new TextEncoder().encode(before + lines));
    await this.#files.syncFile(this.path);
    if (about === null) await this.#files.syncFolder(dirname(this.path));
  }

  /** What goes between the file's last line and the next: a line end, where a crash or an editor left none. */
  async #separator(size: number): Promise<string> {
    const beginning = await this.#files.readPart(this.path, 0, Math.min(size, maxLine));
    const [first = ''] = new TextDecoder().decode(beginning).split('\n', 1);
    if (!isPair(first))
      throw new TapestryError(
        'chat.foreign-file',
        `${printable(this.path)} does not begin with a preference pair, and is left as it is.`,
        'Name another file with --pairs.',
      );
    const [last] = await this.#files.readPart(this.path, size - 1, 1);
    return last === '\n'.charCodeAt(0) ? '' : '\n';
  }
}

function isPair(line: string): boolean {
  try {
    const read = readColumns(JSON.parse(line));
    return 'row' in read && read.row.form === 'preference';
  } catch {
    return false;
  }
}
