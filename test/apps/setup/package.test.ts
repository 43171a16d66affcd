import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { version } from '../../../apps/cli/version.ts';
import { requirePackagedNode } from '../../../apps/setup/requirements.mjs';
import { built } from '../../system/built.ts';

const root = join(import.meta.dirname, '../../..');

test('the files of the package run as a command in an empty folder, with nothing but the WebGPU binding beside it', async () => {
  await built();
  const folder = mkdtempSync(join(tmpdir(), 'tapestry-package-'));
  try {
    const modules = join(folder, 'node_modules');
    const { files, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    // npm always packs package.json, and never the lock file.
    for (const path of ['package.json', ...files])
      cpSync(join(root, path), join(modules, 'tapestry', path), { recursive: true });
    symlinkSync(join(root, 'node_modules/webgpu'), join(modules, 'webgpu'));
    const command = join(modules, 'tapestry', bin.tapestry);
    const run = (...words: string[]) =>
      spawnSync(process.execPath, [command, ...words], { cwd: folder, encoding: 'utf8' });
    expect(run('--version')).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
    // A relative path means the folder of the caller, and the exit code passes through.
    const missing = run('verify', './nowhere', '--json');
    expect(missing.status).toBe(1);
    expect(missing.stdout).toContain('run.missing');
    expect(run('frob').status).toBe(2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a packed command names the Node that it needs when an older one runs it', () => {
  expect(() => requirePackagedNode('22.20.0')).toThrow(/This is Node 22.20.0; tapestry needs Node 24/);
  expect(() => requirePackagedNode('24.0.0')).not.toThrow();
});
