import { expect, test } from 'vitest';
import { cacheFolder } from '../../../client/host/cache.ts';

test.each([
  [{}, 'linux', '/home/ada/.cache/tapestry'],
  [{ XDG_CACHE_HOME: '/var/caches' }, 'linux', '/var/caches/tapestry'],
  [{ XDG_CACHE_HOME: 'relative' }, 'linux', '/home/ada/.cache/tapestry'],
  [{}, 'darwin', '/home/ada/Library/Caches/tapestry'],
  [{ LOCALAPPDATA: '/local' }, 'win32', '/local/tapestry/cache'],
  [{ TAPESTRY_CACHE: '/own', XDG_CACHE_HOME: '/var/caches' }, 'linux', '/own'],
] as const)('with %j on %s, caches are in %s', (environment, platform, folder) => {
  expect(cacheFolder(environment, platform, '/home/ada')).toBe(folder);
});
