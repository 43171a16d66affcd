import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { pinnedNode, run } from './packages.mjs';
import { Remembered } from './remembered.mjs';
import { SetupError, say } from './report.mjs';

/** Everything the bundles are made from. */
const sources = [
  'apps',
  'bench',
  'client',
  'relay',
  'shaders',
  'package-lock.json',
  'tsconfig.json',
  'vite.config.ts',
];

/**
 * Builds the pages and the headless bundle when their sources changed since the last build.
 * @param {string} root
 */
export async function buildIfChanged(root) {
  const key = sourcesHash(root, sources);
  // Read each time: another process may have built while this one waited for the lock.
  const built = () =>
    Remembered.read(root).answer('build', key) === 'built' && existsSync(join(root, 'dist', 'headless'));
  if (built()) return;
  await withLock(root, async () => {
    if (built()) return;
    say('building the pages and the headless bundle into dist');
    const started = Date.now();
    for (const mode of ['production', 'studio', 'headless']) {
      const vite = join('node_modules', 'vite', 'bin', 'vite.js');
      const code = await run(pinnedNode(root), [vite, 'build', '--mode', mode, '--logLevel', 'error'], root);
      if (code !== 0)
        throw new SetupError(
          `vite build --mode ${mode} failed.`,
          'Read what it says above; "npm run check" finds more.',
        );
    }
    Remembered.read(root).keep('build', key, 'built');
    say(`built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  });
}

/**
 * One hash over the names and bytes of all files under `paths`, in the order of their names.
 * @param {string} root
 * @param {readonly string[]} paths
 */
export function sourcesHash(root, paths) {
  const hash = createHash('sha256');
  for (const path of paths.flatMap((each) => filesUnder(root, each)))
    hash.update(`${path}\0`).update(readFileSync(join(root, path)));
  return hash.digest('hex');
}

/**
 * Walks by itself: readdir's entries name their folder only from Node 20.12 on.
 * @param {string} root
 * @param {string} path
 * @returns {string[]}
 */
function filesUnder(root, path) {
  const stats = statSync(join(root, path), { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (!stats.isDirectory()) return [path];
  return readdirSync(join(root, path))
    .sort()
    .flatMap((name) => filesUnder(root, join(path, name)));
}
