import { get as getPlain, Agent as PlainAgent } from 'node:http';
import { get as getTls, Agent as TlsAgent } from 'node:https';
import { text } from 'node:stream/consumers';

/** What a relay's /metrics says of its event loop and its processor time, since it started. */
export interface LoopFigures {
  /** Looks at the loop that were late by at most so many milliseconds, by these milliseconds; Infinity for all. */
  readonly delay: ReadonlyMap<number, number>;
  /** The same for the part of the delay in which the relay itself computed. */
  readonly held: ReadonlyMap<number, number>;
  readonly processorSeconds: number;
}

/** Asks /metrics from a local address. */
export async function loopFigures(relay: string, localAddress: string): Promise<LoopFigures> {
  const ask = () => read(new URL('metrics', relay), localAddress);
  // Under attack a connection may be lost. How many of the prober's are is a figure of its own.
  const metrics = await ask().catch(ask);
  const histogram = (name: string) =>
    new Map(
      [
        ...metrics.matchAll(new RegExp(`^tapestry_${name}_seconds_bucket\\{le="([^"]+)"\\} (\\d+)$`, 'gm')),
      ].map(([, le, count]) => [le === '+Inf' ? Number.POSITIVE_INFINITY : 1000 * Number(le), Number(count)]),
    );
  const processorSeconds = Number(/^process_cpu_seconds_total (\S+)$/m.exec(metrics)?.[1]);
  return { delay: histogram('event_loop_delay'), held: histogram('event_loop_held'), processorSeconds };
}

/** The least of the histogram's limits, in milliseconds, under which `part` of all looks between two readings were. */
export function under(
  part: number,
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
): number {
  const looks = (limit: number) => (after.get(limit) ?? 0) - (before.get(limit) ?? 0);
  const all = looks(Number.POSITIVE_INFINITY);
  for (const limit of after.keys()) if (looks(limit) >= part * all) return limit;
  return Number.POSITIVE_INFINITY;
}

function read(url: URL, localAddress: string): Promise<string> {
  const isTls = url.protocol === 'https:';
  const agent = isTls ? new TlsAgent({ localAddress }) : new PlainAgent({ localAddress });
  return new Promise((resolve, reject) => {
    (isTls ? getTls : getPlain)(url, { agent, rejectUnauthorized: false }, (response) => {
      text(response).then(resolve, reject);
    }).on('error', reject);
  });
}
