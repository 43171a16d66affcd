import { TapestryError } from '../../../client/errors.ts';
import { hashOfPieces } from '../../storage/sha256.ts';
import type { RunFiles } from '../other-files.ts';

/** A file that a person gave to a page, and its path in the folder that they gave. */
export interface DroppedFile {
  readonly path: string;
  readonly file: Blob;
}

/** The files of a folder that a person gave to a page, below one of its folders. The browser reads each when it is asked for. */
export class DroppedFolder implements RunFiles {
  readonly #files: ReadonlyMap<string, Blob>;
  readonly #folders = new Map<string, Map<string, boolean>>();

  /** `root` is empty, or ends in a slash. */
  constructor(files: readonly DroppedFile[], root: string) {
    const within = files.filter(({ path }) => path.startsWith(root));
    this.#files = new Map(within.map(({ path, file }) => [path.slice(root.length), file]));
    for (const path of this.#files.keys()) {
      const names = path.split('/');
      for (const [depth, name] of names.entries()) {
        const folder = names.slice(0, depth).join('/');
        const held = this.#folders.get(folder) ?? new Map<string, boolean>();
        held.set(name, depth === names.length - 1);
        this.#folders.set(folder, held);
      }
    }
  }

  file(path: string): Blob | null {
    return this.#files.get(path) ?? null;
  }

  async list(path: string) {
    return [...(this.#folders.get(path) ?? [])].map(([name, isFile]) => ({ name, isFile }));
  }

  async read(path: string, most: number): Promise<Uint8Array | null> {
    const file = this.file(path);
    if (file === null) return null;
    const bytes = file.size > most ? file.slice(0, most) : file;
    return readable(path, async () => new Uint8Array(await bytes.arrayBuffer()));
  }

  async hash(path: string) {
    return readable(path, () => hashOfPieces(piecesOf(this.file(path) ?? new Blob())));
  }
}

const pieceBytes = 1 << 22;

async function* piecesOf(file: Blob): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.size; at += pieceBytes)
    yield new Uint8Array(await file.slice(at, at + pieceBytes).arrayBuffer());
}

/** Throws `run.unreadable` where the browser does not give a file, as when it was changed since. */
export async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof DOMException)) throw cause;
    throw new TapestryError(
      'run.unreadable',
      `${path} cannot be read: ${cause.message}`,
      'Choose the folder again. It must not change while it is read: copy the folder of a running relay first.',
      { cause },
    );
  }
}
