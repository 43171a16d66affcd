import { setPriority } from 'node:os';
import * as v from 'valibot';
import type { Counts } from './attack.ts';
import { plainAttacks, tlsAttacks } from './attacks.ts';

/** A process that attacks as its argument says until it gets a message, and then tells what it did. */
const jobSchema = v.object({
  name: v.string(),
  target: v.object({
    url: v.string(),
    from: v.array(v.string()),
    count: v.number(),
    payloadBytes: v.number(),
    tokens: v.number(),
    tokensPerStep: v.number(),
    base: v.string(),
  }),
});
const job = v.parse(jobSchema, JSON.parse(process.argv[2] ?? ''));
const sized = plainAttacks[job.name] ?? tlsAttacks[job.name];
if (sized === undefined) throw new Error(`no attack ${job.name}`);
// The attacker is on another machine in earnest: where times are measured it gets the processor time that the relay and the
// prober leave. A machine that other tests load as well would leave it none.
if (process.env['TAPESTRY_HOSTILE'] === 'full') setPriority(19);
const counts: Counts = {};
const stopping = new AbortController();
const done = sized.attack(job.target, counts, stopping.signal);
process.send?.('attacking');
process.once('message', () => {
  stopping.abort();
  // An attack may wait for an answer that never comes.
  const late = new Promise((resolve) => setTimeout(resolve, 1_000));
  void Promise.race([done, late]).then(() => {
    const { user, system } = process.cpuUsage();
    process.send?.({ counts, seconds: (user + system) / 1e6 }, () => process.exit());
  });
});
process.once('disconnect', () => process.exit());
