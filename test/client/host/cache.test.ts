import { expect, test } from 'vitest';
import { cacheFiles, cacheFolder, homeFolder } from '../../../client/host/cache.ts';

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

test.each([
  [{}, 'linux'],
  [{ TAPESTRY_CACHE: '', XDG_CACHE_HOME: '' }, 'linux'],
  [{}, 'darwin'],
  [{ LOCALAPPDATA: '' }, 'win32'],
] as const)('with %j on %s and no home there is no cache and no error', async (environment, platform) => {
  const folder = cacheFolder(environment, platform, null);
  expect(folder).toBeNull();
  const files = cacheFiles(folder);
  await files.write('kernels.json', new Uint8Array(1));
  expect(await files.read('kernels.json')).toBeNull();
});

test('a user whom the system does not know has no home', () => {
  const unknown = () => {
    throw new Error('A system error occurred: uv_os_homedir returned ENOENT');
  };
  expect(homeFolder(unknown)).toBeNull();
  expect(homeFolder(() => '')).toBeNull();
  expect(homeFolder(() => '/home/ada')).toBe('/home/ada');
});
