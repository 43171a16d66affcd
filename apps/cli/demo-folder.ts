import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { TapestryError } from '../../client/errors.ts';

/** Where the demo keeps things: the relay's state, a folder a node, and the model at the end. */
export interface DemoFolder {
  readonly path: string;
  readonly relay: string;
  readonly base: string;
  /** Whether a run was started in it before. */
  readonly begun: boolean;
}

/**
 * The demo's folder, made if need be. With `fresh` an earlier run in it is deleted first. Nothing else ever is: a folder
 * that holds anything but a run throws `run.foreign-folder`.
 */
export async function openDemoFolder(path: string, fresh: boolean): Promise<DemoFolder> {
  const relay = join(path, 'relay');
  const base = join(path, 'base');
  const isRun = () => existsSync(join(relay, 'journal.sqlite'));
  const entries = existsSync(path) ? await readdir(path) : [];
  const ours = entries.every((name) => /^(relay|base|base\.partial|node-\d+)$/.test(name));
  if (!ours || (entries.length > 0 && !isRun() && !entries.includes('relay')))
    throw new TapestryError(
      'run.foreign-folder',
      `${resolve(path)} holds something that is not a run of the demo: ${entries.slice(0, 5).join(', ')}.`,
      'Name a new or empty folder with --data.',
    );
  if (fresh) for (const name of entries) await rm(join(path, name), { recursive: true, force: true });
  await mkdir(path, { recursive: true });
  return { path, relay, base, begun: isRun() };
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
          'End the other program, or name another port with --port (0 takes any that is free).',
          { cause },
        ),
      ),
    );
    server.listen(port, host, () => server.close(() => done()));
  });
}
