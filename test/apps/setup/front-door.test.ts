import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { environment, installArguments } from '../../../apps/setup/packages.mjs';
import { requireNode, requirePath } from '../../../apps/setup/requirements.mjs';

const setup = join(import.meta.dirname, '../../../apps/setup');

/** A copy of set-up in a folder of that name. */
function checkoutIn(name: string): string {
  const root = join(mkdtempSync(join(tmpdir(), 'tapestry-door-')), name);
  cpSync(setup, join(root, 'apps/setup'), { recursive: true });
  return root;
}

const open = (file: string) => spawnSync(process.execPath, [file, 'nosuchword'], { encoding: 'utf8' });

test.each(['my models', 'façade', 'a%20b', '100%', 'C#', 'why?', 'a&b;c'])(
  'set-up runs in a folder named %s',
  (name) => {
    const { status, stderr } = open(join(checkoutIn(name), 'apps/setup/run.mjs'));
    expect(stderr).toContain('There is no command "nosuchword".');
    expect(status).toBe(2);
  },
);

test('set-up runs when called through a link', () => {
  const root = checkoutIn('real');
  const link = join(root, '..', 'link');
  symlinkSync(root, link);
  symlinkSync(join(root, 'apps/setup/run.mjs'), join(root, 'tapestry.mjs'));
  for (const file of [join(link, 'apps/setup/run.mjs'), join(root, 'tapestry.mjs')])
    expect(open(file).status).toBe(2);
});

test('set-up names the version of Node it needs when run by an older one', () => {
  expect(() => requireNode('18.20.4')).toThrow(/Node 18.20.4; set-up needs Node 20/);
  expect(() => requireNode('20.0.0')).not.toThrow();
  expect(() => requireNode('100.1.0')).not.toThrow();
});

test('packages for development are installed in a production environment', () => {
  const root = mkdtempSync(join(tmpdir(), 'tapestry-npm-'));
  mkdirSync(join(root, 'tool'));
  const write = (name: string, value: object) => writeFileSync(join(root, name), JSON.stringify(value));
  const devDependencies = { tool: 'file:tool' };
  write('tool/package.json', { name: 'tool', version: '1.0.0' });
  write('package.json', { name: 'app', version: '1.0.0', devDependencies });
  const packages = {
    '': { name: 'app', version: '1.0.0', devDependencies },
    'node_modules/tool': { resolved: 'tool', link: true },
    tool: { version: '1.0.0', dev: true },
  };
  write('package-lock.json', { name: 'app', version: '1.0.0', lockfileVersion: 3, packages });
  const { status } = spawnSync('npm', [...installArguments, '--offline'], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'production', npm_config_omit: 'dev' },
  });
  expect(status).toBe(0);
  expect(existsSync(join(root, 'node_modules/tool/package.json'))).toBe(true);
});

test('set-up does not pass NODE_ENV to the commands it runs', () => {
  expect(Object.keys(environment())).not.toContain('NODE_ENV');
  expect(environment()).toMatchObject({ PATH: process.env['PATH'] });
});

test('set-up names a folder that Vite cannot build in before it installs anything', () => {
  expect(() => requirePath('/home/me/C#/tapestry')).toThrow(/contains "#".*\/home\/me\/C#\/tapestry/);
  expect(() => requirePath('/home/me/why?/tapestry')).toThrow(/contains "\?"/);
  expect(() => requirePath('/home/me/my façade 100% run')).not.toThrow();
});

test('set-up uses nothing that Node 20.0 lacks', () => {
  // Each with the version of Node that introduced it.
  const newer = [
    'import.meta.dirname', // 20.11
    'import.meta.filename', // 20.11
    '.parentPath', // 20.12
    'styleText', // 20.12
    'loadEnvFile', // 20.12
    'import.meta.main', // 24.2
    'node:sqlite', // 22.5
    'withResolvers', // 22
    'URL.parse', // 22.1
    'fromAsync', // 22
    'globSync', // 22
    'Promise.try', // 23
    'RegExp.escape', // 24
  ];
  for (const name of readdirSync(setup, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.mjs')) continue;
    const text = readFileSync(join(setup, name), 'utf8');
    expect(
      newer.filter((each) => text.includes(each)),
      name,
    ).toEqual([]);
  }
});
