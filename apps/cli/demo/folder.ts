import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, relative, resolve, sep } from 'node:path';
import { isNodeFile } from '../../../client/contribute/round/node-store.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { journalFile } from '../../../relay/journal/rows.ts';
import { isRunFile } from '../../../relay/storage/run-files.ts';
import { removeBase } from '../model/base-folder.ts';

/** Where the demo keeps things: the relay's state, a folder a node, and the model at the end. */
export interface DemoFolder {
  readonly path: string;
  readonly relay: string;
  readonly base: string;
  /** Whether a run was started in it before. */
  readonly begun: boolean;
}

/** Marks a folder as the demo's, with this text. */
const mark = 'demo.json';
const markText = '{"tapestry":"demo"}\n';

/** The folders that the demo makes in its own, beside the base's. */
const isOwnFolder = (name: string) => /^(relay|node-\d+)$/.test(name);

/**
 * The demo's folder, made if need be and marked. With `fresh` an earlier run in it is deleted first; files that are not of
 * the demo stay.
 * @throws TapestryError `run.foreign-folder` for a folder that holds something and has not the mark, and with `fresh` for one
 * that holds a file which the demo did not make
 */
export async function openDemoFolder(path: string, fresh: boolean): Promise<DemoFolder> {
  const relay = join(path, 'relay');
  const base = join(path, 'base');
  const entries = existsSync(path) ? await readdir(path) : [];
  const isOurs = (await readFile(join(path, mark), 'utf8').catch(() => '')) === markText;
  const isKnown = (name: string) => isOwnFolder(name) || name === 'base' || name === mark;
  const others = isOurs ? entries.filter((name) => !isKnown(name)) : entries;
  if (fresh) others.push(...(await foreignFiles(path, entries.filter(isOwnFolder))));
  if (others.length > 0)
    throw new TapestryError(
      'run.foreign-folder',
      `${resolve(path)} holds something that is not a run of the demo: ${others.slice(0, 5).map(printable).join(', ')}.`,
      'Move it to another place, or name a new or empty folder with --data.',
    );
  if (!isOurs) {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, mark), markText, { flag: 'wx' });
  }
  if (fresh) {
    await removeBase(base);
    for (const name of entries.filter(isOwnFolder))
      await rm(join(path, name), { recursive: true, force: true });
  }
  return { path, relay, base, begun: existsSync(join(relay, journalFile)) };
}

/** The paths below these folders of `root` of what neither the relay nor a node makes. */
async function foreignFiles(root: string, folders: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    const isOwn = folder === 'relay' ? isRunFile : isNodeFile;
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(
      () => [],
    );
    for (const entry of entries) {
      const path = relative(join(root, folder), join(entry.parentPath, entry.name)).replaceAll(sep, '/');
      if (!entry.isDirectory() && !(entry.isFile() && isOwn(path))) found.push(`${folder}/${path}`);
    }
  }
  return found;
}

/** Throws `relay.port-in-use` while nothing has been written yet. Port 0 is whichever is free. */
export function requireFreePort(host: string, port: number): Promise<void> {
  return new Promise((done, reject) => {
    const server = createServer();
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new TapestryError(
          'relay.port-in-use',
          cause.code === 'EADDRINUSE'
            ? `Port ${port} of ${host} is in use, perhaps by another demo or relay.`
            : `Port ${port} of ${host} cannot be listened on: ${cause.message}.`,
          'End the other program, or name another port with --port (0 for any free port).',
          { cause },
        ),
      ),
    );
    server.listen(port, host, () => server.close(() => done()));
  });
}
