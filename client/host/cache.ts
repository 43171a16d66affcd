import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Device } from '../gpu/device.ts';
import { measuredKernels } from '../gpu/measured-kernels.ts';
import type { Chooser } from '../gpu/program.ts';
import { diskFiles } from './disk.ts';

/**
 * The folder for what can be made again, such as measured kernels: `TAPESTRY_CACHE`, or where this system keeps caches.
 * All nodes of a user share it.
 */
export function cacheFolder(
  environment = process.env,
  platform = process.platform,
  home = homedir(),
): string {
  const own = environment['TAPESTRY_CACHE'];
  if (own) return own;
  if (platform === 'win32')
    return join(environment['LOCALAPPDATA'] || join(home, 'AppData', 'Local'), 'tapestry', 'cache');
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'tapestry');
  // XDG Base Directory Specification 0.8; a relative path is to be ignored.
  const cache = environment['XDG_CACHE_HOME'];
  return join(cache?.startsWith('/') ? cache : join(home, '.cache'), 'tapestry');
}

/** The kernels that were measured on this adapter, of all nodes and commands of this user; see `measuredKernels`. */
export function cachedKernels(device: Device): Chooser {
  return measuredKernels(device, diskFiles(cacheFolder()));
}
