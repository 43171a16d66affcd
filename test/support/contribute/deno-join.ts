import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { built } from '../../system/built.ts';

const deno = join(import.meta.dirname, '../../../node_modules/.bin/deno');
const eventLine = v.pipe(v.string(), v.parseJson(), v.looseObject({ event: v.string() }));

/** Runs the join program in Deno to its end, or to the first event of this name; `peak` is its largest resident set before, in MiB. */
export async function joins(permissions: readonly string[], words: readonly string[], last?: string) {
  const program = join(dirname((await built()).tapestry), 'join.js');
  const child = spawn(
    deno,
    ['run', '--no-remote', '--no-npm', '--no-prompt', ...permissions, program, ...words],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said += data.toString();
  });
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  const events = [];
  let peak = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const event = v.parse(eventLine, line);
    events.push(event);
    if (event.event !== last) continue;
    peak = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024;
    child.kill('SIGKILL');
  }
  return { code: await exited, events, said, peak };
}
