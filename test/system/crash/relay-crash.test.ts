import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { nodeRuntime } from '../../../client/host/node/runtime.ts';
import { Random } from '../../../client/random.ts';
import {
  checkEntry,
  type Entry,
  type EntryKind,
  type EntryOf,
  type StoredEntry,
} from '../../../relay/journal/entry.ts';
import { folderSource } from '../../../relay/verify/folder-source.ts';
import { type VerifyReport, verifyRun } from '../../../relay/verify/verify.ts';
import { impatient, Stage, type TestNode, tinyRun } from '../../support/contribute/harness.ts';
import { freePort } from '../../support/free-port.ts';
import { type Built, built } from '../built.ts';
import { RelayProcess } from './relay-process.ts';

const stage = new Stage();
let build: Built;
beforeAll(async () => {
  build = await built();
});
afterEach(() => stage.close());

const kills = 20;
const rounds = kills + 10;

/** The latest round that any node began. */
function roundOf(nodes: readonly TestNode[]): number {
  return Math.max(0, ...nodes.flatMap((node) => node.all('round').map(({ round }) => round)));
}

/** Waits until a condition holds while the nodes work; fails if a node leaves before the run is complete. */
function untilOneLeaves(nodes: readonly TestNode[]): (holds: () => boolean) => Promise<void> {
  const left: unknown[] = [];
  for (const node of nodes) void node.done.then((why) => left.push(why));
  return async (holds) => {
    for (; !holds(); await sleep(5)) expect(left).toEqual([]);
  };
}

async function answering(relay: URL): Promise<void> {
  for (;;) {
    const answer = await fetch(new URL('healthz', relay)).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok === true) return;
    await sleep(20);
  }
}

async function entriesOf(folder: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  let previous: StoredEntry | null = null;
  for await (const stored of (await folderSource(folder)).journal()) {
    entries.push(checkEntry(stored, previous));
    previous = stored;
  }
  return entries;
}

function ofKind<Kind extends EntryKind>(entries: readonly Entry[], kind: Kind): EntryOf<Kind>[] {
  return entries.filter((entry): entry is EntryOf<Kind> => entry.kind === kind);
}

async function verify(folder: string): Promise<VerifyReport> {
  const checks = verifyRun(await folderSource(folder));
  for (;;) {
    const { done, value } = await checks.next();
    if (done) return value;
  }
}

test('a relay killed at 20 moments of a run loses nothing it acknowledged and adds nothing twice', async () => {
  const folder = await stage.folder();
  const create = tinyRun({ rounds, localSteps: 2, quorum: 1, target: 2, graceMs: 100 });
  const port = await freePort();
  const made = await stage.relay({ folder, create, port });
  await made.close();
  const relay = new RelayProcess(build.tapestry, folder, port);
  onTestFinished(async () => void (await relay.kill()));
  relay.start();
  await answering(made.url);
  // One kill per round, with rounds left after the last: until a kill has come, no node trains beyond the next round.
  let killed = 0;
  const nodes: TestNode[] = [];
  for (const [seed, corpusName] of ['even', 'odd'].entries()) {
    const own = await stage.folder();
    const runtime = impatient(nodeRuntime({ folder: own }), 60);
    const node = stage.node(own, made.url, {
      runtime,
      corpusName,
      seed,
      onEvent: (event) => {
        if (event.event === 'round' && event.round > killed + 1 && killed < kills) node.contributor.pause();
      },
    });
    nodes.push(node);
  }
  const until = untilOneLeaves(nodes);
  await until(() => nodes.every((node) => node.all('joined').length > 0));

  const random = Random.seeded(9);
  while (killed < kills) {
    await until(() => roundOf(nodes) > killed);
    await sleep(random.uniform() * 120);
    expect(await relay.kill(), relay.complaints).toBe(true);
    killed++;
    relay.start();
    for (const node of nodes) node.contributor.resume();
  }
  for (const node of nodes) expect(await node.done).toBeUndefined();
  await relay.stop();

  const entries = await entriesOf(folder);
  const accepted = ofKind(entries, 'contribution-accepted');
  const committed = ofKind(entries, 'round-committed');
  const [complete, ...more] = ofKind(entries, 'run-complete');
  expect([complete, more]).toMatchObject([{ body: { rounds } }, []]);
  expect(ofKind(entries, 'round-abandoned')).toEqual([]);

  // Every acknowledged contribution is in the journal.
  expect(nodes.flatMap((node) => node.all('acknowledged')).length).toBeGreaterThan(rounds / 2);
  for (const node of nodes) {
    const key = node.all('joined')[0]?.node;
    for (const { round, payload, tokens, sequence } of node.all('acknowledged')) {
      const held = accepted.filter(({ body }) => body.key === key && body.payload === payload);
      expect(held).toMatchObject([{ body: { round, tokens }, ...(sequence === null ? {} : { sequence }) }]);
    }
  }

  // Each round is applied once, with each contribution once and at most one contribution per node.
  expect(committed.map(({ body }) => body.round)).toEqual(Array.from({ length: rounds }, (_, i) => i + 1));
  expect(committed.reduce((sum, { body }) => sum + body.contributions, 0)).toBe(accepted.length);
  const places = accepted.map(({ body }) => `${body.round} ${body.key}`);
  expect(new Set(places).size).toBe(places.length);

  const report = await verify(folder);
  expect(report).toMatchObject({ problems: [], rounds, base: committed.at(-1)?.body.state[0] });
});
