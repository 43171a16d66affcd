import { spawnSync } from 'node:child_process';

/** A Python that can import PyNaCl; apps/setup/python.mjs installs one. */
export function findPython(): string {
  const candidates = ['/usr/bin/python3', 'python3'];
  const runs = (program: string) => spawnSync(program, ['-c', 'import nacl.signing']).status === 0;
  const found = candidates.find(runs);
  if (found === undefined) throw new Error('no Python with PyNaCl: run npm run setup');
  return found;
}
