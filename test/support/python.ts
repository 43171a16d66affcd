import { spawn, spawnSync } from 'node:child_process';

/** A Python that can import PyNaCl; apps/setup/python.mjs installs one. */
export function findPython(): string {
  const candidates = ['/usr/bin/python3', 'python3'];
  const runs = (program: string) => spawnSync(program, ['-c', 'import nacl.signing']).status === 0;
  const found = candidates.find(runs);
  if (found === undefined) throw new Error('no Python with PyNaCl: run npm run setup');
  return found;
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script, which leaves no compiled files behind. */
export async function runPython(script: string, ...args: string[]): Promise<Ended> {
  const child = spawn(findPython(), ['-B', script, ...args]);
  const [stdout, stderr] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
  const status = child.exitCode ?? (await new Promise<number | null>((resolve) => child.on('exit', resolve)));
  return { status, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}
