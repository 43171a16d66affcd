import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { sourcesHash } from '../../../apps/setup/build.mjs';
import { packagesInstalled, samePackages } from '../../../apps/setup/packages.mjs';
import { Remembered, withLock } from '../../../apps/setup/remembered.mjs';
import { plan } from '../../../apps/setup/run.mjs';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tapestry-setup-'));
});

test('a package that is not locked like this, or is missing, calls for an install', () => {
  const locked = { '': {}, a: { version: '1.0.0', integrity: 'x' }, b: { version: '2.0.0', optional: true } };
  expect(samePackages(locked, { a: { version: '1.0.0', integrity: 'x' } })).toBe(true);
  expect(samePackages(locked, { a: { version: '1.0.1', integrity: 'x' } })).toBe(false);
  expect(samePackages(locked, { a: { version: '1.0.0', integrity: 'y' } })).toBe(false);
  expect(samePackages(locked, { b: { version: '2.0.0' } })).toBe(false);
  expect(samePackages({ b: { version: '2.0.0', optional: true } }, { b: { version: '3.0.0' } })).toBe(false);
});

test('an install that was cut off does not count, this one does', () => {
  expect(packagesInstalled(root)).toBe(false);
  mkdirSync(join(root, 'node_modules/node/bin'), { recursive: true });
  writeFileSync(join(root, 'node_modules/node/bin/node'), '');
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { a: { version: '1.0.0' } } }));
  expect(packagesInstalled(root)).toBe(false);
  expect(packagesInstalled(join(import.meta.dirname, '../../..'))).toBe(true);
});

test('the hash of the sources follows names and contents, and nothing else', () => {
  const write = (name: string, text: string) => {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), text);
  };
  const hash = () => sourcesHash(root, ['src', 'config.json']);
  write('src/a.ts', 'one');
  write('src/deep/b.ts', 'two');
  const first = hash();
  write('src/a.ts', 'one');
  write('elsewhere.ts', 'three');
  expect(hash()).toBe(first);
  write('config.json', '{}');
  const second = hash();
  expect(second).not.toBe(first);
  rmSync(join(root, 'src/deep/b.ts'));
  write('src/c.ts', 'two');
  expect(hash()).not.toBe(second);
});

test('an answer counts only under the circumstances that it was found in', () => {
  Remembered.read(root).keep('adapter', 'driver 1', 'llvmpipe');
  Remembered.read(root).keep('browser', 'path', '/chromium');
  const again = Remembered.read(root);
  expect(again.answer('adapter', 'driver 1')).toBe('llvmpipe');
  expect(again.answer('adapter', 'driver 2')).toBeUndefined();
  again.forget();
  expect(Remembered.read(root).answer('browser', 'path')).toBeUndefined();
});

test('a damaged memory is an empty one', () => {
  mkdirSync(join(root, 'dist'));
  writeFileSync(join(root, 'dist/setup.json'), '{"adapter":');
  expect(Remembered.read(root).answer('adapter', 'driver 1')).toBeUndefined();
});

test('two set-ups of one tree wait for each other, a dead one holds nobody up', async () => {
  mkdirSync(join(root, 'dist'));
  writeFileSync(join(root, 'dist/setup.lock'), '4194305'); // past Linux's greatest process id
  const order: string[] = [];
  const work = (name: string) => async () => {
    order.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    order.push(`${name} ends`);
  };
  await Promise.all([withLock(root, work('a')), withLock(root, work('b'))]);
  expect(order.map((line) => line.split(' ')[1])).toEqual(['begins', 'ends', 'begins', 'ends']);
});

test('commands ask for what they need and no more', () => {
  expect(plan('start', ['--rounds', '3'])).toMatchObject({
    adapter: true,
    browser: false,
    run: ['dist/headless/tapestry.js', 'demo', '--rounds', '3'],
  });
  expect(plan('tapestry', ['generate', '--model', 'base'])).toMatchObject({ adapter: false });
  expect(plan('tapestry', ['eval', '--help'])).toMatchObject({ adapter: false });
  expect(plan('tapestry', ['eval'])).toMatchObject({ adapter: true });
  expect(plan('test', ['test/x'])).toMatchObject({ adapter: true, browser: true });
  expect(() => plan('frob', [])).toThrow(/no command/);
});
