import { access, constants, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { printable, TapestryError } from '../../../client/errors.ts';
import { type Device, openDevice } from '../../../client/gpu/device.ts';
import { nodeGpu } from '../../../client/host/node/runtime.ts';
import { requireFreePort } from '../demo/folder.ts';
import { bytes } from '../terminal/table.ts';
import { type Check, ok, problem, warning } from './check.ts';

/** The oldest Node that the bundles run on. */
const oldestNode = 24;

/** A node keeps its base and the state of its optimizer; a relay keeps bases and payloads. */
const usualFreeBytes = 2 ** 30;

export function checkNode(version: string): Check {
  if (Number(version.split('.')[0]) >= oldestNode) return ok('Node', version);
  return problem('Node', version, `Install Node ${oldestNode} or newer from nodejs.org.`);
}

/** The adapter and its driver, opened; null with the check that says why there is none. */
export async function checkAdapter(): Promise<{ device: Device | null; checks: Check[] }> {
  try {
    const device = await openDevice(await nodeGpu());
    const adapter = device.software
      ? warning(
          'adapter',
          `${device.name}, this machine's processor`,
          'It works, slowly; with a GPU, install its Vulkan driver.',
        )
      : ok('adapter', device.name);
    return { device, checks: [adapter, ok('driver', device.identity)] };
  } catch (error) {
    if (!(error instanceof TapestryError)) throw error;
    return { device: null, checks: [problem('adapter', error.message, error.next)] };
  }
}

/** Whether a relay or a demo could listen on this port of this machine. */
export async function checkPort(port: number): Promise<Check> {
  try {
    await requireFreePort('127.0.0.1', port);
    return ok('port', `${port} is free`);
  } catch (error) {
    if (!(error instanceof TapestryError)) throw error;
    return warning('port', error.message, error.next);
  }
}

/** Whether the folder, or the nearest folder above that exists, may be written and has space. */
export async function checkDisk(folder: string): Promise<Check> {
  const path = resolve(folder);
  const found = await nearestFolder(path);
  const shown = printable(path);
  try {
    await access(found, constants.W_OK);
  } catch {
    return problem(
      'disk',
      `${shown} cannot be written`,
      'Name another folder with --data, or change its permissions.',
    );
  }
  const { bavail, bsize } = await statfs(found);
  const free = bavail * bsize;
  if (free >= usualFreeBytes) return ok('disk', `${bytes(free)} free for ${shown}`);
  return warning(
    'disk',
    `only ${bytes(free)} free for ${shown}`,
    'Free some space, or name another disk with --data.',
  );
}

async function nearestFolder(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const exists = await access(at).then(
      () => true,
      () => false,
    );
    if (exists || dirname(at) === at) return at;
  }
}
