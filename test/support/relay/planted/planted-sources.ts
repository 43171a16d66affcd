import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { lineOf } from '../../../../relay/journal/entry.ts';
import type { DroppedFile } from '../../../../relay/verify/dropped/dropped-folder.ts';
import { relaySource } from '../../../../relay/verify/http-source.ts';
import { blobPlace, type VerifySource } from '../../../../relay/verify/source.ts';
import { rowsOf } from '../written-run.ts';

const relay = new URL('https://relay.example/');

/** The files of a folder as a page gets them, below the folder's own name. */
export function droppedFiles(folder: string, name = 'run'): DroppedFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .map((path) => ({ path: name + path.slice(folder.length), file: new Blob([readFileSync(path)]) }));
}

/** A folder through the answers of a relay that gives out whatever the folder holds. */
export function servedSource(folder: string): VerifySource {
  return relaySource(relay, { fetch: async (url) => answerTo(folder, url.pathname.slice(1)) });
}

function answerTo(folder: string, path: string): Response {
  if (path === 'journal')
    return new Response(
      rowsOf(`${folder}/journal.sqlite`)
        .map((row) => `${lineOf(row)}\n`)
        .join(''),
    );
  const [kind, hash = ''] = path.split('/');
  const file = `${folder}/${blobPlace(hash)}`;
  return kind === 'blobs' && existsSync(file)
    ? new Response(readFileSync(file))
    : new Response('', { status: 404 });
}
