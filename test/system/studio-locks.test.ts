import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type StudioServer, serveStudio } from '../../apps/cli/studio/server.ts';
import { connections, derivativeSources, wireNames } from '../support/locks/wire-names.ts';
import { type Built, built } from './built.ts';

let product: Built;
let server: StudioServer;
beforeAll(async () => {
  product = await built();
  server = await serveStudio(product.studio, 0);
});
afterAll(() => server.close());

/** The scripts below a folder of built pages, by their paths. */
async function scriptsOf(folder: string): Promise<Map<string, string>> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.js'));
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  );
}

test('no script of the built studio holds a socket or a name of the wire', async () => {
  const names = await wireNames(new RegExp(`${derivativeSources.source}|^apps/(?:studio|ui)/|^client/host/`));
  expect(names.length).toBeGreaterThan(20);
  const held = (script: string) => [
    ...(connections.exec(script) ?? []).slice(0, 1),
    ...names.filter((name) => new RegExp(`\\b${name}\\b`).test(script)),
  ];
  const studio = await scriptsOf(product.studio);
  expect([...studio.keys()].some((name) => name.includes('studio-worker'))).toBe(true);
  for (const [name, script] of studio) expect(held(script), name).toEqual([]);
  // The search does find them in the pages that contribute.
  const found = [...(await scriptsOf(product.pages)).values()].flatMap(held);
  expect(found).toContain('WebSocket');
  expect(new Set(found).size).toBeGreaterThan(10);
});

test('the policy of the studio lets its page and its worker connect to nothing, and its offline script to its own files', async () => {
  const policyOf = async (name: string) => {
    const response = await fetch(new URL(name, server.url));
    await response.body?.cancel();
    expect(response.status, name).toBe(200);
    return (response.headers.get('content-security-policy') ?? '').split('; ');
  };
  // The folder of the worker's other scripts begins with its name too.
  const scripts = await readdir(join(product.studio, 'assets'));
  const worker = scripts.find((name) => /^studio-worker-.*\.js$/.test(name));
  for (const name of ['', `assets/${worker}`]) {
    const policy = await policyOf(name);
    expect(policy, name).toContain("connect-src 'none'");
    expect(policy, name).toContain("default-src 'none'");
    // No source but the studio itself: neither a host nor a scheme that reaches one.
    expect(policy.join(' '), name).not.toMatch(/[a-z]+:|\*|unsafe/);
  }
  // A person's function runs in a worker that may compile its interpreter, and connect to nothing.
  const own = scripts.filter((name) => /^function-worker-.*\.js$/.test(name));
  expect(own.length).toBe(1);
  expect(await policyOf(`assets/${own[0]}`)).toEqual([
    "default-src 'none'",
    "connect-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
  ]);
  expect(await policyOf('offline.js')).toEqual(["default-src 'none'", "connect-src 'self'"]);
});
