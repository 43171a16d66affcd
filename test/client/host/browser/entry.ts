import { get, set } from 'idb-keyval';
import { tokenizerFromFile } from '../../../../client/data/tokenizer-file.ts';
import { browserNetwork } from '../../../../client/host/browser/network.ts';
import { browserRuntime } from '../../../../client/host/browser/runtime.ts';

/** The tab's runtime and network as functions for the test, with values that can pass between page and test. */
const tab = browserRuntime();
const network = browserNetwork();
const keyName = 'tapestry identity';

export const calls = {
  encode: (file: number[], text: string) => [...tokenizerFromFile(Uint8Array.from(file)).encode(text)],
  async key() {
    const { publicKey, privateKey } = await network.identity();
    const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, publicKey));
    return { publicKey: [...publicKey], signature: [...signature], extractable: privateKey.extractable };
  },
  /** Stores something in the place of the key; the code of the error that a tab then ends with, and what is there after. */
  async otherKey() {
    const before = await get(keyName);
    await set(keyName, 'something else');
    const code = await network.identity().catch((error: { code: string }) => error.code);
    const after = await get(keyName);
    await set(keyName, before);
    return [code, after];
  },
  async write(name: string, bytes: number[]) {
    await tab.files.write(name, Uint8Array.from(bytes));
  },
  async read(name: string) {
    const bytes = await tab.files.read(name);
    return bytes === null ? null : [...bytes];
  },
  /** The code of the error that refused the hold; null once it is held, until the tab closes. */
  async hold() {
    const held = Promise.withResolvers<string | null>();
    tab
      .hold(() => {
        held.resolve(null);
        return new Promise(() => undefined);
      })
      .catch((error: { code: string }) => held.resolve(error.code));
    return held.promise;
  },
  /** All messages of a new connection to a relay, until it ends because the tab sent this one. */
  async converse(url: string, message: number[]) {
    const address = new URL('node', url);
    address.protocol = 'ws:';
    const socket = await network.connect(address);
    socket.send(Uint8Array.from(message));
    const messages: number[][] = [];
    for await (const bytes of socket.messages) messages.push([...bytes]);
    return messages;
  },
  async reach(url: string) {
    const problem = async (work: Promise<unknown>) => {
      try {
        await work;
        return null;
      } catch (error) {
        return error instanceof Error && 'code' in error ? error.code : String(error);
      }
    };
    const socket = new URL('node', url);
    socket.protocol = 'ws:';
    return [await problem(network.connect(socket)), await problem(network.fetch(new URL(url)))];
  },
};

declare global {
  var host: typeof calls;
}
globalThis.host = calls;
