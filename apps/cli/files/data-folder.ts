import { isAbsolute, join } from 'node:path';
import { homeFolder } from '../../../client/host/cache.ts';
import { environment } from '../environment.ts';

/** What a command stores between its runs: a node's key and resume state, or a relay's run. */
export type DataName = 'node' | 'relay';

/**
 * The folder of what must not be lost, unless `--data` names another: in the system's usual folder for a user's data, so that a
 * node is the same from wherever it is started. `.tapestry` in the working folder where the user has no home, or where Deno may
 * not ask for it.
 */
export function dataFolder(
  name?: DataName,
  variable: (name: string) => string | undefined = environment,
  platform: NodeJS.Platform = process.platform,
  home: string | null = homeFolder(),
): string {
  return join(userData(variable, platform, home) ?? '.tapestry', name ?? '');
}

function userData(
  variable: (name: string) => string | undefined,
  platform: NodeJS.Platform,
  home: string | null,
): string | null {
  if (platform === 'win32') {
    const local = variable('LOCALAPPDATA') || (home && join(home, 'AppData', 'Local'));
    return local && join(local, 'tapestry', 'data');
  }
  if (platform === 'darwin') return home && join(home, 'Library', 'Application Support', 'tapestry');
  // XDG Base Directory Specification 0.8, which says to ignore a relative path.
  const data = variable('XDG_DATA_HOME');
  if (data && isAbsolute(data)) return join(data, 'tapestry');
  return home && join(home, '.local', 'share', 'tapestry');
}
