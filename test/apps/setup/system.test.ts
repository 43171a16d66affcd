import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  distributionChromium,
  distributionPython,
  parseOsRelease,
  runtimeNeeds,
  softwareAdapter,
} from '../../../apps/setup/system.mjs';

const debian = (version: number) =>
  parseOsRelease(`PRETTY_NAME="Debian GNU/Linux ${version}"\nID=debian\nVERSION_ID="${version}"\n`);
const ubuntu = parseOsRelease('NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n');
const mint = parseOsRelease("ID=linuxmint\nID_LIKE='ubuntu debian'\nVERSION_ID=22\n");
const fedora = parseOsRelease('ID=fedora\nVERSION_ID=43\n# a comment\nBROKEN');

test('reads os-release with and without quotes', () => {
  expect(ubuntu).toMatchObject({ id: 'ubuntu', like: ['debian'], version: 24.04 });
  expect(mint.like).toEqual(['ubuntu', 'debian']);
  expect(fedora).toMatchObject({ id: 'fedora', version: 43, name: 'this system' });
});

test('Debian 12 takes Mesa from the backports of its own mirror', () => {
  const { command } = softwareAdapter(debian(12), () => 'http://mirror.example/debian/');
  expect(command).toContain('http://mirror.example/debian/ bookworm-backports main');
  expect(command).toContain('-t bookworm-backports mesa-vulkan-drivers libvulkan1');
});

test('on Debian 12 with an unknown mirror, set-up says what to do and guesses no mirror', () => {
  const need = softwareAdapter(debian(12), () => null);
  expect(need.command).toBeNull();
  expect(need.otherwise).toContain('Mesa 24');
});

test.each([
  ['Debian 13', debian(13)],
  ['Ubuntu', ubuntu],
  ['Mint', mint],
])('%s takes Mesa from its own packages', (_name, system) => {
  const { command } = softwareAdapter(system);
  expect(command).toMatch(/install .*mesa-vulkan-drivers libvulkan1$/);
  expect(command).not.toContain('backports');
});

test('on other systems set-up names the packages to install', () => {
  const need = softwareAdapter(fedora);
  expect(need.command).toBeNull();
  expect(need.otherwise).toContain('dnf install mesa-vulkan-drivers');
});

test('Chromium is a package in Debian and a snap in Ubuntu', () => {
  expect(distributionChromium(debian(12)).command).toMatch(/install .*chromium$/);
  expect(distributionChromium(ubuntu)).toMatchObject({
    command: null,
    otherwise: expect.stringContaining('snap'),
  });
  expect(distributionChromium(mint).command).toBeNull();
});

test.runIf(process.platform === 'linux')('libatomic is installed only if it is missing', () => {
  expect(runtimeNeeds(debian(12), () => true)).toEqual([]);
  expect(runtimeNeeds(debian(12), () => false)).toMatchObject([{ packages: ['libatomic1'] }]);
  expect(runtimeNeeds(fedora, () => false)).toMatchObject([{ command: null }]);
});

test('each command works inside the quotes of sudo sh -c and adds the source only once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapestry-setup-'));
  const list = join(folder, 'backports.list');
  // An apt-get that knows the sources in `list` and nothing else.
  writeFileSync(
    join(folder, 'apt-get'),
    `#!/bin/sh\nif [ "$1" = indextargets ]; then [ -f ${list} ] && echo bookworm-backports; else echo "$@" >> ${folder}/calls; fi\n`,
    { mode: 0o755 },
  );
  const { command } = softwareAdapter(debian(12), () => 'http://mirror.example/debian/');
  const script = (command ?? '').replaceAll('/etc/apt/sources.list.d/bookworm-backports.list', list);
  expect(script).not.toContain("'");
  const env = { PATH: `${folder}:${process.env['PATH']}` };
  for (let i = 0; i < 2; i++) {
    expect(spawnSync('sh', ['-c', script], { env }).status).toBe(0);
    expect(readFileSync(list, 'utf8').split('\n').filter(Boolean)).toHaveLength(1);
  }
  const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
  expect(calls.map((call) => call.split(' ').find((word) => /update|install/.test(word)))).toEqual([
    'update',
    'install',
    'update',
    'install',
  ]);
});

test('Python with PyNaCl is installed by apt, and named on systems without apt', () => {
  expect(distributionPython(ubuntu).command).toMatch(/install .*python3-nacl$/);
  const need = distributionPython(fedora);
  expect([need.command, need.otherwise]).toEqual([null, expect.stringContaining('python3-pynacl')]);
});
