import { TapestryError } from '../../errors.ts';
import type { Files } from '../../runtime.ts';

/** A file in the browser, as a list shows it. */
export interface StoredFile {
  readonly name: string;
  readonly bytes: number;
}

/** A folder in the origin's private file system. Other pages of the origin may use it too. */
export interface OriginFolder extends Files {
  /** The file, whose bytes stay on the disk; null if it is not there. */
  open(name: string): Promise<File | null>;
  /** Writes a file from a blob, piece by piece. */
  copy(name: string, blob: Blob): Promise<void>;
  /** The files of the folder itself, by name. */
  list(): Promise<readonly StoredFile[]>;
  /** The names of the folders in it. */
  folders(): Promise<readonly string[]>;
  folder(name: string): OriginFolder;
  /** Removes a file, or a folder with all that it holds. What is not there is no error. */
  remove(name: string): Promise<void>;
}

/** The folder of this path below the origin's root; it is made when it is first used. A writable replaces a file only when it is closed. */
export function originFolder(...path: readonly string[]): OriginFolder {
  const own = async () => {
    let folder = await navigator.storage.getDirectory();
    for (const name of path) folder = await folder.getDirectoryHandle(name, { create: true });
    return folder;
  };
  const write = (name: string, put: (file: FileSystemWritableFileStream) => Promise<void>) =>
    orStorageError(async () => {
      const handle = await (await own()).getFileHandle(name, { create: true });
      await put(await handle.createWritable());
    });
  const open = (name: string) =>
    orStorageError(() => unlessMissing(async () => (await (await own()).getFileHandle(name)).getFile()));
  return {
    open,
    read: (name) =>
      orStorageError(async () => {
        const file = await open(name);
        return file && new Uint8Array(await file.arrayBuffer());
      }),
    write: (name, bytes) =>
      write(name, async (file) => {
        await file.write(bytes);
        await file.close();
      }),
    copy: (name, blob) => write(name, (file) => blob.stream().pipeTo(file)),
    list: () =>
      orStorageError(async () => {
        const found: StoredFile[] = [];
        for await (const handle of (await own()).values()) {
          if (!(handle instanceof FileSystemFileHandle)) continue;
          // A file that is being written has another one beside it, which is gone once it is closed.
          const file = await unlessMissing(() => handle.getFile());
          if (file !== null) found.push({ name: handle.name, bytes: file.size });
        }
        return found.sort(byName);
      }),
    folders: () =>
      orStorageError(async () => {
        const found: { name: string }[] = [];
        for await (const handle of (await own()).values())
          if (handle.kind === 'directory') found.push({ name: handle.name });
        return found.sort(byName).map(({ name }) => name);
      }),
    folder: (name) => originFolder(...path, name),
    remove: (name) =>
      orStorageError(async () => {
        await unlessMissing(async () => (await own()).removeEntry(name, { recursive: true }));
      }),
  };
}

const byName = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1);

async function unlessMissing<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return null;
    throw error;
  }
}

/** Throws `disk.full` or `disk.failed` where the browser refuses to store or to read. */
async function orStorageError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof TapestryError) throw cause;
    const full = cause instanceof DOMException && cause.name === 'QuotaExceededError';
    throw new TapestryError(
      full ? 'disk.full' : 'disk.failed',
      full
        ? 'The browser has no room left for this page.'
        : 'The browser does not let this page store files.',
      full ? 'Free some space, then reload the page.' : 'Open the page in a window that is not private.',
      { cause },
    );
  }
}
