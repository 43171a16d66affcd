import type { OriginFolder } from '../../../../../client/host/browser/origin-folder.ts';

/** A folder of the origin's private file system, in memory. */
export function memoryFolder(): OriginFolder {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const inner = new Map<string, OriginFolder>();
  const folder: OriginFolder = {
    async open(name) {
      const bytes = files.get(name);
      return bytes === undefined ? null : new File([bytes], name);
    },
    read: async (name) => files.get(name) ?? null,
    write: async (name, bytes) => void files.set(name, bytes),
    copy: async (name, blob) => void files.set(name, new Uint8Array(await blob.arrayBuffer())),
    list: async () =>
      [...files]
        .map(([name, { length: bytes }]) => ({ name, bytes }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    folders: async () => [...inner.keys()].sort(),
    folder(name) {
      const found = inner.get(name) ?? memoryFolder();
      inner.set(name, found);
      return found;
    },
    async remove(name) {
      files.delete(name);
      inner.delete(name);
    },
  };
  return folder;
}
