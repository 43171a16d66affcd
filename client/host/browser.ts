import { get, set } from 'idb-keyval';
import { subprotocol } from '../../relay/wire/frames.ts';
import type { Files, Host, Identity } from '../contribute/host.ts';
import { generate, identityOf } from '../contribute/identity.ts';
import { TapestryError } from '../errors.ts';
import { navigatorGpu } from './adapter.ts';
import { clock } from './clock.ts';
import { fetchFrom } from './relay-errors.ts';
import { openWebSocket } from './web-socket.ts';

/** A browser tab: made in the dedicated Worker that owns the GPU and the text. */
export function browserHost(): Host {
  return {
    kind: 'browser',
    gpu: async () =>
      navigatorGpu(
        'Use a current Chrome, Edge, Firefox or Safari, and open the page by https or from localhost: browsers give WebGPU to no other.',
      ),
    files: originFiles,
    cache: originFiles,
    identity: storedIdentity,
    connect: (url) => openWebSocket(url, subprotocol),
    fetch: fetchFrom,
    ...clock,
    hold: exclusively,
  };
}

/** The origin's private file system. A writable replaces the file when it is closed, and not before. */
const originFiles: Files = {
  async read(name) {
    const folder = await navigator.storage.getDirectory();
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
      const folder = await navigator.storage.getDirectory();
      const file = await folder.getFileHandle(name, { create: true });
      const writable = await file.createWritable();
      await writable.write(bytes);
      await writable.close();
    } catch (error) {
      throw storageError(error);
    }
  },
  async remove(name) {
    const folder = await navigator.storage.getDirectory();
    try {
      await folder.removeEntry(name);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'NotFoundError')) throw storageError(error);
    }
  },
};

function storageError(cause: unknown): TapestryError {
  const full = cause instanceof DOMException && cause.name === 'QuotaExceededError';
  return new TapestryError(
    full ? 'disk.full' : 'disk.failed',
    full ? 'The browser has no room left for this page.' : 'The browser does not let this page keep files.',
    full ? 'Free some space, then reload the page.' : 'Open the page in a window that is not private.',
    { cause },
  );
}

const keyName = 'tapestry identity';

/** IndexedDB stores the key itself: no script, this page's own included, can read the private half out. */
async function storedIdentity(): Promise<Identity> {
  const stored: unknown = await get(keyName);
  if (isKeyPair(stored)) return identityOf(stored);
  const pair = await generate(false);
  await set(keyName, pair);
  return identityOf(pair);
}

function isKeyPair(value: unknown): value is CryptoKeyPair {
  return (
    typeof value === 'object' &&
    value !== null &&
    'publicKey' in value &&
    value.publicKey instanceof CryptoKey &&
    'privateKey' in value &&
    value.privateKey instanceof CryptoKey
  );
}

/** A held Web Lock exempts the tab from freezing, and keeps two tabs from being one node. */
function exclusively<T>(work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request('tapestry contributes', { ifAvailable: true }, async (lock) => {
        if (lock === null) {
          throw new TapestryError(
            'host.in-use',
            'Another tab of this browser contributes already.',
            'Go on in that tab, or close it and start again here.',
          );
        }
        resolve(await work());
      })
      .catch(reject);
  });
}
