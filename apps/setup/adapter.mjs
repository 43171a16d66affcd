import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedNode } from './packages.mjs';
import { say } from './report.mjs';
import { distribution, softwareAdapter } from './system.mjs';

/** Long enough for a driver that compiles itself at first use. */
const probeMilliseconds = 60_000;

/**
 * Lists the packages to install until Node finds a WebGPU adapter: none where it finds one already.
 * @param {string} root
 * @param {import('./remembered.mjs').Remembered} remembered
 * @returns {Promise<import('./system.mjs').Need[]>}
 */
export async function adapterNeeds(root, remembered) {
  const key = circumstances(root);
  if (remembered.answer('adapter', key) !== undefined) return [];
  const name = probe(root);
  if (name === null) return [softwareAdapter(distribution())];
  say(`WebGPU adapter: ${name}`);
  remembered.keep('adapter', key, name);
  return [];
}

/**
 * An adapter's name, or null where there is none; a probe that crashes or hangs found none.
 * @param {string} root
 * @returns {string | null}
 */
export function probe(root) {
  const probed = spawnSync(pinnedNode(root), [join(root, 'apps', 'setup', 'probe.mjs')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: probeMilliseconds,
    killSignal: 'SIGKILL',
  });
  if (probed.status !== 0) return null;
  try {
    const name = JSON.parse(probed.stdout);
    return typeof name === 'string' ? name : null;
  } catch {
    return null;
  }
}

/**
 * The circumstances that an answer depends on: the binding's version and the Vulkan loader's search path.
 * @param {string} root
 */
function circumstances(root) {
  const binding = JSON.parse(readFileSync(join(root, 'node_modules', 'webgpu', 'package.json'), 'utf8'));
  const loader = [
    process.env['VK_DRIVER_FILES'],
    process.env['VK_ICD_FILENAMES'],
    process.env['VK_ADD_DRIVER_FILES'],
  ];
  return JSON.stringify([binding.version, process.arch, ...loader.map((path) => path ?? null)]);
}
