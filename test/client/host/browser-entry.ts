import { browserHost } from '../../../client/host/browser.ts';

/** The browser's host as the test's page calls it: only what can pass between the two. */
const tab = browserHost();

export const calls = {
  async key() {
    const { publicKey, privateKey } = await tab.identity();
    const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, publicKey));
    return { publicKey: [...publicKey], signature: [...signature], extractable: privateKey.extractable };
  },
  async write(name: string, bytes: number[]) {
    await tab.files.write(name, Uint8Array.from(bytes));
  },
  async read(name: string) {
    const bytes = await tab.files.read(name);
    return bytes === null ? null : [...bytes];
  },
  remove: (name: string) => tab.files.remove(name),
  /** The code of what kept it from holding, or null. */
  async holdForEver() {
    const held = Promise.withResolvers<string | null>();
    tab
      .hold(() => {
        held.resolve(null);
        return new Promise(() => undefined);
      })
      .catch((error: { code: string }) => held.resolve(error.code));
    return held.promise;
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
    return [await problem(tab.connect(socket)), await problem(tab.fetch(new URL(url)))];
  },
};

declare global {
  var host: typeof calls;
}
globalThis.host = calls;
