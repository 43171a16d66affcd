import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Line, LineOptions } from './line.ts';

const run = promisify(execFile);

/** Addresses of the two ends, from a block that is for documentation. */
const ends = { near: '192.0.2.1', far: '192.0.2.2' } as const;

const named = /^tapestry-(?:near|far)-(\d+)$/;

/** Of what `ip netns list` says, the namespaces of benches that no longer run: one that is killed leaves them behind. */
export function staleNamespaces(listed: string, runs: (pid: number) => boolean): string[] {
  const names = listed.split('\n').map((line) => line.split(' ')[0] ?? '');
  return names.filter((name) => {
    const pid = named.exec(name)?.[1];
    return pid !== undefined && !runs(Number(pid));
  });
}

async function removeStale(): Promise<void> {
  const listed = await run('ip', ['netns', 'list']).catch(() => ({ stdout: '' }));
  for (const name of staleNamespaces(listed.stdout, (pid) => existsSync(`/proc/${pid}`)))
    await run('ip', ['netns', 'del', name]).catch(() => undefined);
}

/**
 * Two network namespaces with one line between them, on which a program of ours makes real packets late and loses some. It
 * needs Linux, Python, and the right to make namespaces and devices; throws an error that says what is missing.
 */
export async function namespaceLine({ delay, loss, seed }: LineOptions): Promise<Line> {
  const { default: program } = await import('./line.py?raw');
  await removeStale();
  const id = process.pid;
  const names = { near: `tapestry-near-${id}`, far: `tapestry-far-${id}` } as const;
  const devices = { near: `tpn${id}`, far: `tpf${id}` } as const;
  const carrier = spawn(
    'python3',
    ['-c', program, devices.near, devices.far, String(delay), String(loss), String(seed)],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let complaints = '';
  carrier.stderr.on('data', (bytes: Buffer) => {
    complaints += bytes.toString();
  });
  const ended = new Promise<void>((resolve) => {
    carrier.once('error', () => resolve());
    carrier.once('close', () => resolve());
  });
  const lines = createInterface({ input: carrier.stdout })[Symbol.asyncIterator]();
  const close = async () => {
    carrier.stdin.end();
    const last = await lines.next();
    await ended;
    for (const name of Object.values(names)) await run('ip', ['netns', 'del', name]).catch(() => undefined);
    const [packets = 0, lost = 0] = last.done ? [] : last.value.split(' ').map(Number);
    return { packets, lost };
  };
  carrier.stdin.on('error', () => undefined);
  const ready = await lines.next();
  if (ready.done) {
    await ended;
    throw new Error(complaints.trim().split('\n').at(-1) || 'there is no python3');
  }
  try {
    for (const end of ['near', 'far'] as const) {
      const [name, device] = [names[end], devices[end]];
      await run('ip', ['netns', 'add', name]);
      await run('ip', ['link', 'set', device, 'netns', name]);
      await run('ip', ['-n', name, 'address', 'add', `${ends[end]}/24`, 'dev', device]);
      for (const each of [device, 'lo']) await run('ip', ['-n', name, 'link', 'set', each, 'up']);
    }
  } catch (error) {
    await close();
    throw error;
  }
  const set = (state: 'up' | 'down') => run('ip', ['-n', names.far, 'link', 'set', devices.far, state]);
  return {
    kind: 'namespaces',
    host: ends.near,
    near: ['ip', 'netns', 'exec', names.near],
    far: ['ip', 'netns', 'exec', names.far],
    farAddress: async (port) => new URL(`http://${ends.near}:${port}/`),
    async cut() {
      await set('down');
      return async () => void (await set('up'));
    },
    close,
  };
}
