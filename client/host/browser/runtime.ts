import { clock } from '../../clock.ts';
import { TapestryError } from '../../errors.ts';
import type { Files, Runtime } from '../../runtime.ts';
import { navigatorGpu } from '../adapter.ts';

/** The runtime of a browser tab, created in the dedicated Worker that owns the GPU and the text. */
export function browserRuntime(): Runtime {
  return {
    kind: 'browser',
    gpu: async () =>
      navigatorGpu(
        'Use a current Chrome, Edge, Firefox or Safari, and open the page by https or from localhost. Browsers offer WebGPU to no other page.',
      ),
    files: originFiles,
    cache: originFiles,
    ...clock,
    hold: exclusively,
  };
}

/** The node's folder in the origin's private file system, which other pages of the same origin may use too. */
const folderName = 'tapestry';

async function ownFolder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(folderName, { create: true });
}

/** Removes all files that this page stored, and nothing else of the origin. */
export async function forgetFiles(): Promise<void> {
  await ownFolder();
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(folderName, { recursive: true });
}

/** Files in the origin's private file system. A writable replaces the file only when it is closed. */
const originFiles: Files = {
  async read(name) {
    const folder = await ownFolder();
    try {
      const file = await (await folder.getFileHandle(name)).getFile();
      return new Uint8Array(await file.arrayBuffer());
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotFoundError') return null;
      throw storageError(error);
    }
  },
  async write(name, bytes) {
    try {
      const folder = await ownFolder();
      const file = await folder.getFileHandle(name, { create: true });
      const writable = await file.createWritable();
      await writable.write(bytes);
      await writable.close();
    } catch (error) {
      throw storageError(error);
    }
  },
};

function storageError(cause: unknown): TapestryError {
  const full = cause instanceof DOMException && cause.name === 'QuotaExceededError';
  return new TapestryError(
    full ? 'disk.full' : 'disk.failed',
    full ? 'The browser has no room left for this page.' : 'The browser does not let this page store files.',
    full ? 'Free some space, then reload the page.' : 'Open the page in a window that is not private.',
    { cause },
  );
}

/** Runs `work` under a Web Lock, which exempts the tab from freezing and prevents two tabs from running as one node. */
function exclusively<T>(work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request('tapestry contributes', { ifAvailable: true }, async (lock) => {
        if (lock === null) {
          throw new TapestryError(
            'host.in-use',
            'Another tab of this browser is already contributing.',
            'Use that tab, or close it and start again here.',
          );
        }
        resolve(await work());
      })
      .catch(reject);
  });
}
