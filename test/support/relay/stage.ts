import { expect, onTestFinished } from 'vitest';
import type { RelayLimits } from '../../../relay/server/limits.ts';
import { type Relay, type RelayOptions, startRelay } from '../../../relay/server/server.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { TestClock } from './run-support.ts';
import { payloadOf, ScriptedNode, type TransportName } from './scripted-node.ts';
import { smallRun } from './small-run.ts';

const quiet = { info: () => {}, warn: () => {}, error: () => {} };

/**
 * A relay on a small run and a folder of its own, quick to act, and closed when the test is over. Nothing in it falls due
 * before the test moves its clock.
 */
export async function start(
  options: Partial<Omit<RelayOptions, 'limits'>> = {},
  limits: Partial<RelayLimits> = {},
): Promise<Relay> {
  const relay = await startRelay({
    folder: options.folder ?? temporaryFolder(),
    host: '127.0.0.1',
    port: 0,
    tls: 'off',
    pages: null,
    create: smallRun(),
    log: quiet,
    clock: new TestClock(),
    ...options,
    limits: { tick: 10, statusInterval: 20, metricsInterval: 0, close: 500, seatsPerAddress: 64, ...limits },
  });
  onTestFinished(() => relay.close());
  return relay;
}

export function get(relay: Relay, path: string): Promise<Response> {
  return fetch(new URL(path, relay.url));
}

/** The value of a sample of /metrics; `sample` is its name and labels as /metrics writes them. */
export async function metric(relay: Relay, sample: string): Promise<number> {
  const text = await (await get(relay, 'metrics')).text();
  const line = text.split('\n').find((line) => line.startsWith(`${sample} `));
  return Number(line?.slice(sample.length + 1) ?? 0);
}

export async function journal(relay: Relay): Promise<{ kind: string; body: object }[]> {
  return entriesOf(await (await get(relay, 'journal')).text());
}

/** The entries of a journal as a relay gives it. */
export function entriesOf(lines: string): { kind: string; body: object }[] {
  return lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it never came to be');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Checks that the metrics count this many refusals with the code and that the journal records it. */
export async function expectCounted(relay: Relay, code: string, times = 1): Promise<void> {
  const label = code.toLowerCase().replaceAll('_', '-');
  expect(await metric(relay, `tapestry_refusals_total{code="${label}"}`)).toBe(times);
  await until(async () =>
    (await journal(relay)).some(
      ({ kind, body }) => kind === 'refused' && JSON.stringify(body).includes(`"${code}":`),
    ),
  );
}

/** Two nodes that joined over one kind of transport, and the round that opened for them. */
export async function pair(relay: Relay, transport: TransportName = 'WebSocket') {
  const first = await ScriptedNode.join(relay.url, { transport });
  const second = await ScriptedNode.join(relay.url, { transport, corpus: 1 });
  const opened = await first.next('roundOpen');
  await second.next('roundOpen');
  return { first, second, opened };
}

/** Checks that the round continues after refusals: both nodes contribute and it commits. */
export async function expectCommit(
  first: ScriptedNode,
  second: ScriptedNode,
  opened: { round: number; base: Uint8Array },
): Promise<void> {
  await first.contribute(opened, payloadOf(1));
  await second.contribute(opened, payloadOf(2));
  expect(await first.next('commit')).toMatchObject({ round: opened.round, contributions: 2 });
}
