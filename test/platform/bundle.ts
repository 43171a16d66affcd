import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'vite';
import { udhrPlugin } from '../../client/data/udhr/plugin.ts';

export interface Bundle {
  readonly folder: string;
  /** The path of the built module. */
  readonly script: string;
  remove(): Promise<void>;
}

/** Builds a TypeScript file and all its imports into one module that runs in any runtime. */
export async function bundle(entry: string): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'tapestry-bundle-'));
  await build({
    plugins: [udhrPlugin()],
    configFile: false,
    logLevel: 'silent',
    build: {
      target: 'es2024',
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      lib: { entry, formats: ['es'], fileName: () => 'entry.js' },
    },
  });
  return { folder, script: join(folder, 'entry.js'), remove: () => rm(folder, { recursive: true }) };
}

/** Serves a page that runs the module, from an address that browsers treat as secure. */
export async function servePage(script: string): Promise<{ url: string; close(): void }> {
  const source = await readFile(script);
  const page = '<!doctype html><title>test</title><script type="module" src="/entry.js"></script>';
  const server = createServer((request, response) => {
    const isScript = request.url === '/entry.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? source : page);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() };
}

const deno = join(import.meta.dirname, '../../node_modules/.bin/deno');

/** Runs a module in Deno, without a single permission beyond those given, and returns what it printed. */
export async function runInDeno(
  { folder }: Bundle,
  source: string,
  permissions: readonly string[] = [],
): Promise<string> {
  const script = join(folder, 'main.mjs');
  await writeFile(script, source);
  const words = ['run', '--no-remote', '--no-npm', '--no-prompt', ...permissions, script];
  return (await promisify(execFile)(deno, words, { maxBuffer: 2 ** 24 })).stdout;
}
