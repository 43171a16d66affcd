import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { sourcesHash } from '../../../apps/setup/build.mjs';
import { packagesInstalled, samePackages } from '../../../apps/setup/packages.mjs';
import { plan } from '../../../apps/setup/plan.mjs';
import { Remembered } from '../../../apps/setup/remembered.mjs';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tapestry-setup-'));
});

test('a missing package, or one that differs from the lock file, requires an install', () => {
  const locked = { '': {}, a: { version: '1.0.0', integrity: 'x' }, b: { version: '2.0.0', optional: true } };
  expect(samePackages(locked, { a: { version: '1.0.0', integrity: 'x' } })).toBe(true);
  expect(samePackages(locked, { a: { version: '1.0.1', integrity: 'x' } })).toBe(false);
  expect(samePackages(locked, { a: { version: '1.0.0', integrity: 'y' } })).toBe(false);
  expect(samePackages(locked, { b: { version: '2.0.0' } })).toBe(false);
  expect(samePackages({ b: { version: '2.0.0', optional: true } }, { b: { version: '3.0.0' } })).toBe(false);
});

test('an interrupted install does not count, a complete one does', () => {
  expect(packagesInstalled(root)).toBe(false);
  mkdirSync(join(root, 'node_modules/node/bin'), { recursive: true });
  writeFileSync(join(root, 'node_modules/node/bin/node'), '');
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { a: { version: '1.0.0' } } }));
  expect(packagesInstalled(root)).toBe(false);
  expect(packagesInstalled(join(import.meta.dirname, '../../..'))).toBe(true);
});

test('the hash of the sources depends only on names and contents', () => {
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

test('a remembered answer is used only for the circumstances it was found in', () => {
  Remembered.read(root).keep('adapter', 'driver 1', 'llvmpipe');
  Remembered.read(root).keep('browser', 'path', '/chromium');
  const again = Remembered.read(root);
  expect(again.answer('adapter', 'driver 1')).toBe('llvmpipe');
  expect(again.answer('adapter', 'driver 2')).toBeUndefined();
  again.forget();
  expect(Remembered.read(root).answer('browser', 'path')).toBeUndefined();
});

test('a damaged file of answers counts as empty', () => {
  mkdirSync(join(root, 'dist'));
  writeFileSync(join(root, 'dist/setup.json'), '{"adapter":');
  expect(Remembered.read(root).answer('adapter', 'driver 1')).toBeUndefined();
});

test('each command requires only the steps it needs', () => {
  expect(plan('start', ['--rounds', '3'])).toMatchObject({
    adapter: true,
    browser: false,
    python: false,
    run: ['dist/headless/tapestry.js', 'demo', '--rounds', '3'],
  });
  expect(plan('tapestry', ['generate', '--model', 'base'])).toMatchObject({ adapter: false });
  expect(plan('tapestry', ['eval', '--help'])).toMatchObject({ adapter: false });
  expect(plan('tapestry', ['eval'])).toMatchObject({ adapter: true });
  expect(plan('test', ['test/x'])).toMatchObject({ adapter: true, browser: true, python: true });
  expect(() => plan('frob', [])).toThrow(/no command/);
});
