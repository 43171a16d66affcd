import { basename } from 'node:path';
import type { Plugin } from 'vite';

/** A page that opens without its server: its file and its address. */
export interface OfflinePage {
  readonly html: string;
  readonly address: string;
}

/** What the service worker stores: the addresses of the pages, and their files. */
interface Stored {
  readonly pages: readonly string[];
  readonly files: readonly string[];
}

/** Writes `offline.json` for these pages: each of them and every file that it leads to. */
export function storedFiles(pages: readonly OfflinePage[]): Plugin {
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
        const isPage = (name: string) => pages.some(({ html }) => html === name);
        const reached = new Set(pages.flatMap(({ html }) => reachedFrom(html, contents)));
        const files = [...reached].filter((name) => !isPage(name)).sort();
        const stored: Stored = { pages: pages.map(({ address }) => address), files };
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
