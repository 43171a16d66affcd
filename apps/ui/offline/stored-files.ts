import { basename } from 'node:path';
import type { Plugin } from 'vite';

/** What the service worker of a page stores: the page's address, and its files. */
interface Stored {
  readonly page: string;
  readonly files: readonly string[];
}

/** Writes `offline.json` for the page at `address`, whose file is `html`: it and every file that it leads to. */
export function storedFiles(html: string, address: string): Plugin {
  return {
    name: 'stored-files',
    generateBundle: {
      // Pages, workers and styles are in the bundle once the other plugins have ended.
      order: 'post',
      handler(_, bundle) {
        const contents = new Map<string, string>();
        for (const file of Object.values(bundle)) {
          const content = file.type === 'chunk' ? file.code : file.source;
          contents.set(file.fileName, typeof content === 'string' ? content : '');
        }
        const files = reachedFrom(html, contents).filter((name) => name !== html);
        const stored: Stored = { page: address, files };
        this.emitFile({ type: 'asset', fileName: 'offline.json', source: `${JSON.stringify(stored)}\n` });
      },
    },
  };
}

/** The files whose names stand in `first` or in one of these; workers and pictures are named nowhere else than in the text. */
export function reachedFrom(first: string, contents: ReadonlyMap<string, string>): string[] {
  const reached = new Set([first]);
  for (const name of reached) {
    const content = contents.get(name) ?? '';
    for (const other of contents.keys()) if (content.includes(basename(other))) reached.add(other);
  }
  return [...reached].sort();
}
