import { createInterface } from 'node:readline';
import { ContenderSession, type OpenContender } from './contender.ts';
import type { Workload } from './workload.ts';

/** A line on stdin; the answer is a line on stdout. */
export type Request = { readonly open: Workload } | { readonly turn: number } | { readonly ceiling: true };

/** Runs a contender in this process, which does what its parent asks and ends with its stdin. */
export async function serve(open: OpenContender): Promise<void> {
  const session = new ContenderSession(open, processorMilliseconds);
  for await (const line of createInterface({ input: process.stdin })) {
    const request: Request = JSON.parse(line);
    process.stdout.write(`${JSON.stringify(await answerTo(session, request))}\n`);
  }
  // Libraries keep workers and devices open, which would keep the process alive.
  process.exit(0);
}

function processorMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function answerTo(session: ContenderSession, request: Request): Promise<unknown> {
  if ('open' in request) return session.open(request.open);
  return 'turn' in request ? session.turn(request.turn) : session.ceiling();
}
