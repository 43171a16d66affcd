import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { run } from './packages.mjs';
import { SetupError, say } from './report.mjs';

/**
 * Something the machine lacks.
 * @typedef {object} Need
 * @property {string} what for a sentence: "a WebGPU adapter"
 * @property {string} why
 * @property {readonly string[]} packages the distribution's
 * @property {string | null} command the shell command that installs them, or null where only a person can
 * @property {string} otherwise what a person can do instead
 */

/** @typedef {{ id: string, like: readonly string[], version: number, codename: string, name: string }} Distribution */

/**
 * @param {string} text of /etc/os-release
 * @returns {Distribution}
 */
export function parseOsRelease(text) {
  const fields = new Map();
  for (const line of text.split('\n')) {
    const match = /^([A-Z_]+)=(.*)$/.exec(line.trim());
    if (match) fields.set(match[1], (match[2] ?? '').replace(/^(['"])(.*)\1$/, '$2'));
  }
  return {
    id: fields.get('ID') ?? '',
    like: (fields.get('ID_LIKE') ?? '').split(' ').filter(Boolean),
    version: Number.parseFloat(fields.get('VERSION_ID') ?? '0'),
    codename: fields.get('VERSION_CODENAME') ?? '',
    name: fields.get('PRETTY_NAME') ?? 'this system',
  };
}

/** @returns {Distribution} */
export function distribution() {
  try {
    return parseOsRelease(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return { id: process.platform, like: [], version: 0, codename: '', name: process.platform };
  }
}

const aptInstall =
  'DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends';

/**
 * Mesa's lavapipe, which computes on the CPU. Dawn refuses that of Mesa 22, which Debian 12 has: it lacks dynamic
 * indexing of uniforms. Debian's own backports carry Mesa 25.
 * @param {Distribution} system
 * @param {() => string | null} mirror where this machine gets Debian from
 * @returns {Need}
 */
export function softwareAdapter(system, mirror = debianMirror) {
  const packages = ['mesa-vulkan-drivers', 'libvulkan1'];
  const need = {
    what: 'WebGPU adapter',
    why: 'no GPU driver that WebGPU can use was found, so a software one (Mesa lavapipe) computes on the CPU',
    packages,
    command: null,
    otherwise:
      'Install a Vulkan driver: your GPU vendor\'s, or Mesa 24 or newer with lavapipe (Fedora: "dnf install mesa-vulkan-drivers vulkan-loader"; Arch: "pacman -S vulkan-swrast vulkan-icd-loader"), then run the same command again.',
  };
  if (system.id === 'debian' && system.version === 12) {
    const address = mirror();
    if (address === null) return need;
    const source = `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${address} bookworm-backports main`;
    const list = '/etc/apt/sources.list.d/bookworm-backports.list';
    const known = 'apt-get indextargets --format "\\$(RELEASE)" | grep -qx bookworm-backports';
    return {
      ...need,
      why: `${need.why}; Debian 12's own Mesa is too old, so it comes from bookworm-backports`,
      command: `{ ${known} || echo "${source}" > ${list}; } && apt-get -q update && ${aptInstall} -t bookworm-backports ${packages.join(' ')}`,
    };
  }
  if (usesApt(system))
    return { ...need, command: `apt-get -q update && ${aptInstall} ${packages.join(' ')}` };
  return need;
}

/**
 * A Chromium for the tests, where Playwright's own could not be had.
 * @param {Distribution} system
 * @returns {Need}
 */
export function distributionChromium(system) {
  const need = {
    what: 'Chromium',
    why: 'the tests join a run from a real browser tab, and Playwright could not download its own',
    packages: ['chromium'],
    command: null,
    otherwise:
      'Run "npx playwright install --with-deps chromium" where the network allows it, then the same command again.',
  };
  // Ubuntu's package of that name only installs a snap, which neither containers nor Playwright can drive.
  if (system.id === 'ubuntu' || system.like.includes('ubuntu'))
    return {
      ...need,
      otherwise: `${need.otherwise} (Ubuntu's own chromium is a snap and cannot be driven by the tests.)`,
    };
  if (usesApt(system)) return { ...need, command: `apt-get -q update && ${aptInstall} chromium` };
  return need;
}

/**
 * A Python with PyNaCl for the tests.
 * @param {Distribution} system
 * @returns {Need}
 */
export function distributionPython(system) {
  return {
    what: 'Python 3.11 with PyNaCl',
    why: 'one test verifies a run with a program in another language',
    packages: ['python3-nacl'],
    command: usesApt(system) ? `apt-get -q update && ${aptInstall} python3-nacl` : null,
    otherwise:
      'Install Python 3.11 or newer with PyNaCl (Fedora: "dnf install python3-pynacl"; Arch: "pacman -S python-pynacl"; elsewhere: "pip install pynacl"), then run the same command again.',
  };
}

/**
 * The library that the pinned Node links to. Compilers bring it along; a bare system may lack it.
 * @param {Distribution} system
 * @param {() => boolean} present
 * @returns {Need[]}
 */
export function runtimeNeeds(system, present = hasLibatomic) {
  if (process.platform !== 'linux' || present()) return [];
  const need = {
    what: 'libatomic.so.1',
    why: 'the pinned Node links to it',
    packages: ['libatomic1'],
    command: usesApt(system) ? `apt-get -q update && ${aptInstall} libatomic1` : null,
    otherwise: 'Install GCC\'s libatomic (Fedora, Arch: "libatomic"), then run the same command again.',
  };
  return [need];
}

/** The dynamic linker's list; where there is none to ask (musl), the install itself will tell. */
function hasLibatomic() {
  const listed = spawnSync('ldconfig', ['-p'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env['PATH']}:/sbin:/usr/sbin` },
  });
  return listed.status !== 0 || listed.stdout.includes('libatomic.so.1');
}

/** @param {Distribution} system */
function usesApt(system) {
  return [system.id, ...system.like].some((id) => id === 'debian' || id === 'ubuntu');
}

/** The mirror that this machine's own apt sources name for its release. */
function debianMirror() {
  const listed = spawnSync(
    'apt-get',
    ['indextargets', '--format', '$(RELEASE) $(REPO_URI)', 'Created-By: Packages'],
    {
      encoding: 'utf8',
    },
  );
  const line = (listed.stdout ?? '').split('\n').find((entry) => entry.startsWith('bookworm '));
  return line?.split(' ')[1] ?? null;
}

/**
 * Installs what is missing where this user may (root, or sudo without a password), and otherwise says the one command.
 * @param {readonly Need[]} needs
 */
export async function installOrTell(needs) {
  for (const need of needs) say(`missing: ${need.what}: ${need.why}`);
  const byHand = needs.find((need) => need.command === null);
  if (byHand !== undefined)
    throw new SetupError(`There is no ${byHand.what} on ${distribution().name}.`, byHand.otherwise, 6);
  const command = needs.map((need) => need.command).join(' && ');
  const elevate = elevation();
  if (elevate === null)
    throw new SetupError(
      'Installing it needs an administrator, which you are not.',
      `Run this once, then the same command again:\n\n  sudo sh -c '${command}'\n`,
      6,
    );
  const packages = needs.flatMap((need) => need.packages);
  say(`installing from ${distribution().name}'s packages: ${packages.join(' ')}`);
  const [program = 'sh', ...args] = [...elevate, 'sh', '-c', command];
  const code = await run(program, args, '/');
  if (code !== 0)
    throw new SetupError(
      `Installing ${packages.join(' ')} ended with code ${code}.`,
      `Resolve the problem reported above, or run it yourself:\n\n  ${command}\n`,
      6,
    );
}

/** The words before a command that make it run as root, or null where that takes a password. */
function elevation() {
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : null;
}
