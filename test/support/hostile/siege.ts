import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import * as v from 'valibot';
import { forgetPeak, peakMemory } from '../../../bench/load/peak-memory.ts';
import { loopFigures, under } from '../../../bench/load/relay-figures.ts';
import type { Counts, Target } from './attack.ts';

/** The figures of one attack. */
export interface Figures {
  readonly attack: string;
  /** Milliseconds of /healthz over a new connection each time. */
  readonly p50: number;
  readonly p99: number;
  /** Probes that no answer of 200 came to. */
  readonly unanswered: number;
  readonly probes: number;
  /** Milliseconds by which 99% of the timers in the relay's event loop were late at most, rounded up. */
  readonly loopDelay: number;
  /** The same for all timers, and only for the time in which the relay itself computed: load of the machine adds nothing. */
  readonly loopHeld: number;
  /** Processor seconds a second of the relay and of the attacker. */
  readonly relayLoad: number;
  readonly attackerLoad: number;
  /** The most resident memory of the relay meanwhile, in MiB. */
  readonly memory: number;
  readonly counts: Counts;
}

/** Milliseconds after which a probe counts as unanswered: many times what the attacker's own load costs on two processors. */
const patience = 20_000;
/** The local address from which the relay's figures are asked. */
const observer = '127.0.0.1';
const doneSchema = v.object({ counts: v.record(v.string(), v.number()), seconds: v.number() });
type Done = v.InferOutput<typeof doneSchema>;

/** Attacks the relay of process `pid` while `meanwhile` runs, and at least for `milliseconds`. */
export async function siege(
  { attack, target, pid }: { readonly attack: string | null; readonly target: Target; readonly pid: number },
  milliseconds: number,
  meanwhile: () => Promise<void>,
): Promise<Figures> {
  forgetPeak(pid);
  const attacker = attack === null ? null : attackerOf({ name: attack, target });
  const failed = attacker === null ? new Promise<never>(() => {}) : failureOf(attacker);
  const started = performance.now();
  try {
    // The attack has its first sockets open before anything is measured.
    if (attacker !== null) await Promise.race([failed, once(attacker, 'message')]);
    await Promise.race([failed, pause(300)]);
    const before = await loopFigures(target.url, observer);
    const measured = performance.now();
    const prober = new Worker(new URL('./prober.ts', import.meta.url), {
      workerData: { url: target.url, most: patience },
    });
    const waits: number[] = [];
    prober.on('message', (wait: number) => waits.push(wait));
    await Promise.race([failed, Promise.all([pause(milliseconds), meanwhile()])]);
    // A probe that is under way counts too.
    await pause(100);
    await prober.terminate();
    const after = await loopFigures(target.url, observer);
    const seconds = (performance.now() - measured) / 1000;
    const memory = peakMemory(pid);
    const done =
      attacker === null ? { counts: {}, seconds: 0 } : await Promise.race([failed, stop(attacker)]);
    waits.sort((a, b) => a - b);
    const at = (part: number) =>
      waits[Math.min(waits.length - 1, Math.floor(waits.length * part))] ?? Infinity;
    return {
      attack: attack ?? 'none',
      p50: at(0.5),
      p99: at(0.99),
      unanswered: waits.filter((wait) => wait === Infinity).length,
      probes: waits.length,
      loopDelay: under(0.99, before.delay, after.delay),
      loopHeld: under(1, before.held, after.held),
      relayLoad: (after.processorSeconds - before.processorSeconds) / seconds,
      attackerLoad: (1000 * done.seconds) / (performance.now() - started),
      memory,
      counts: done.counts,
    };
  } finally {
    attacker?.kill('SIGKILL');
  }
}

export function shown(figures: Figures): string {
  const { attack, p50, p99, unanswered, probes, loopDelay, loopHeld, memory, counts } = figures;
  const did = Object.entries(counts).map(([name, times]) => `${times} ${name}`);
  const health = `/healthz p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} ms, ${unanswered} of ${probes} unanswered`;
  const loop = `loop p99 <= ${loopDelay} ms, held <= ${loopHeld} ms`;
  const load = `relay ${percent(figures.relayLoad)}, attacker ${percent(figures.attackerLoad)} of a core`;
  return `${attack}: ${health}; ${loop}; ${load}; ${memory.toFixed(0)} MiB; ${did.join(', ')}`;
}

function percent(part: number): string {
  return `${(100 * part).toFixed(0)}%`;
}

/** A process of its own: a thread of low priority would hold locks that it shares with the prober. */
function attackerOf(job: { readonly name: string; readonly target: Target }): ChildProcess {
  return fork(new URL('./attacker.ts', import.meta.url), [JSON.stringify(job)], { execArgv: [] });
}

function failureOf(attacker: ChildProcess): Promise<never> {
  return new Promise((_, reject) => {
    attacker.once('error', reject);
    attacker.once('exit', (code, signal) => reject(new Error(`the attacker ended: ${code ?? signal}`)));
  });
}

async function stop(attacker: ChildProcess): Promise<Done> {
  const done = new Promise<unknown>((resolve) => attacker.once('message', resolve));
  attacker.send('stop');
  return v.parse(doneSchema, await done);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
