import { expect, test } from 'vitest';
import { dataFolder } from '../../../../apps/cli/files/data-folder.ts';

test.each([
  [{}, 'linux', '/home/ada', '/home/ada/.local/share/tapestry/node'],
  [{ XDG_DATA_HOME: '/srv/data' }, 'linux', '/home/ada', '/srv/data/tapestry/node'],
  [{ XDG_DATA_HOME: 'relative' }, 'linux', '/home/ada', '/home/ada/.local/share/tapestry/node'],
  [{}, 'darwin', '/Users/ada', '/Users/ada/Library/Application Support/tapestry/node'],
  [{ LOCALAPPDATA: '/local' }, 'win32', '/home/ada', '/local/tapestry/data/node'],
  [{}, 'linux', null, '.tapestry/node'],
  [{ LOCALAPPDATA: '' }, 'win32', null, '.tapestry/node'],
] as const)('with %j on %s and the home %s, a node is in %s', (variables, platform, home, folder) => {
  const variable = (name: string) => new Map<string, string>(Object.entries(variables)).get(name);
  expect(dataFolder('node', variable, platform, home)).toBe(folder);
});

test('a relay and a node of one user are in folders of their own below one', () => {
  const none = () => undefined;
  const all = dataFolder(undefined, none, 'linux', '/home/ada');
  expect(dataFolder('relay', none, 'linux', '/home/ada')).toBe(`${all}/relay`);
  expect(dataFolder('node', none, 'linux', '/home/ada')).toBe(`${all}/node`);
});
