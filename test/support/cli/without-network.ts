import { execFile } from 'node:child_process';
import type { Built, Ended } from '../../system/built.ts';

/** How a process is kept from every network. */
export type Isolation = 'network namespace' | 'permission model';

const unshare = ['--map-root-user', '--net', '--'];

/** A network namespace of its own where the system permits one; else Node's permission model, which denies connections. */
export async function isolation(): Promise<Isolation> {
  const permitted = await new Promise<boolean>((resolve) => {
    execFile('unshare', [...unshare, 'true'], (error) => resolve(error === null));
  });
  return permitted ? 'network namespace' : 'permission model';
}

/** Runs a script of Node, or `tapestry`, in a process that has no network. */
export function runWithoutNetwork(
  how: Isolation,
  { tapestry }: Built,
  words: readonly string[],
): Promise<Ended> {
  return start(how, [tapestry, ...words]);
}

/** Whether a connection to an address is impossible for such a process. */
export async function isUnreachable(how: Isolation, url: string): Promise<boolean> {
  const script = `fetch(${JSON.stringify(url)}).then(() => process.exit(0), () => process.exit(9))`;
  return (await start(how, ['--eval', script])).code === 9;
}

function start(how: Isolation, words: readonly string[]): Promise<Ended> {
  const permissions = [
    '--permission',
    '--allow-fs-read=*',
    '--allow-fs-write=*',
    '--allow-addons',
    '--allow-worker',
  ];
  const [file, args] =
    how === 'network namespace'
      ? ['unshare', [...unshare, process.execPath, ...words]]
      : [process.execPath, [...permissions, ...words]];
  return new Promise((resolve, reject) => {
    execFile(file, [...args], { env: { ...process.env, NO_COLOR: '1' } }, (error, stdout, stderr) => {
      if (error === null) resolve({ code: 0, stdout, stderr });
      else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
      else reject(error);
    });
  });
}
