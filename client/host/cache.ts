import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Device } from '../gpu/device.ts';
import type { Chooser } from '../gpu/program.ts';
import { measuredKernels } from '../gpu/tuning/measured-kernels.ts';
import type { Files } from '../runtime.ts';
import { diskFiles } from './disk.ts';

/**
 * The folder for files that can be computed again, such as measured kernels: `TAPESTRY_CACHE`, or the system's usual folder
 * for caches. All nodes of a user share it. Null if neither is known. An empty variable counts as unset.
 */
export function cacheFolder(
  environment = process.env,
  platform = process.platform,
  home = homeFolder(),
): string | null {
  const own = environment['TAPESTRY_CACHE'];
  if (own) return own;
  if (platform === 'win32') {
    const local = environment['LOCALAPPDATA'] || (home && join(home, 'AppData', 'Local'));
    return local && join(local, 'tapestry', 'cache');
  }
  if (platform === 'darwin') return home && join(home, 'Library', 'Caches', 'tapestry');
  // XDG Base Directory Specification 0.8, which says to ignore a relative path.
  const cache = environment['XDG_CACHE_HOME'];
  if (cache?.startsWith('/')) return join(cache, 'tapestry');
  return home && join(home, '.cache', 'tapestry');
}

/** The user's home folder; null if HOME is not set and the system does not know the user id, as in some containers. */
export function homeFolder(home: () => string = homedir): string | null {
  try {
    return home() || null;
  } catch {
    return null;
  }
}

/** The files of the cache folder. Without a folder, reads find nothing, and writes and removals do nothing. */
export function cacheFiles(folder = cacheFolder()): Files {
  if (folder !== null) return diskFiles(folder);
  return { read: async () => null, write: async () => {}, remove: async () => {} };
}

/** The kernels that nodes and commands of this user measured on this adapter; see `measuredKernels`. */
export function cachedKernels(device: Device): Chooser {
  return measuredKernels(device, cacheFiles());
}
