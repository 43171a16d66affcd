import { get } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { joinLink } from '../../../apps/cli/run/relay-address.ts';
import { nodeNetwork } from '../../../client/host/node/network.ts';
import { nodeRuntime } from '../../../client/host/node/runtime.ts';
import { Random } from '../../../client/random.ts';
import { systemClock } from '../../../relay/run/clock.ts';
import { folderSource } from '../../../relay/verify/folder-source.ts';
import type { WholeManifest } from '../../../relay/wire/frames.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import { codecOf } from '../../../relay/wire/manifest.ts';
import { tinyRun } from '../../support/contribute/harness.ts';
import { freePort } from '../../support/free-port.ts';
import { journalOf } from '../../support/relay/journal-of.ts';
import { ScriptedNode } from '../../support/relay/scripted-node.ts';
import { start, until } from '../../support/relay/stage.ts';
import { reportOf } from '../../support/relay/written-run.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { stepsIn } from '../../support/upstream/steps-in.ts';
import { type Built, built } from '../built.ts';
import { RelayProcess } from './relay-process.ts';

let build: Built;
beforeAll(async () => {
  build = await built();
});

interface Status {
  readonly round: { readonly contributions: number };
  readonly base: {
    readonly hash: string;
    readonly round: number;
    readonly upstream?: { readonly state: string; readonly round: number };
  };
}

/** A relay in a process of its own. */
class Served {
  readonly folder: string;
  readonly url: URL;
  readonly process: RelayProcess;

  constructor(folder: string, url: URL, words: readonly string[]) {
    this.folder = folder;
    this.url = url;
    this.process = new RelayProcess(build.tapestry, folder, Number(url.port), words);
    onTestFinished(async () => void (await this.process.kill()));
    this.process.start();
  }

  /** Null while it does not answer. The test trusts any certificate; what the relays trust is their own affair. */
  async status(): Promise<Status | null> {
    const { url } = this;
    const address = new URL('api/status', url);
    if (url.protocol === 'http:') {
      const answer = await fetch(address).catch(() => null);
      return answer?.ok ? answer.json() : null;
    }
    return new Promise((resolve) => {
      get(address, { rejectUnauthorized: false }, async (answer) => {
        const said = await text(answer);
        resolve(answer.statusCode === 200 ? JSON.parse(said) : null);
      }).on('error', () => resolve(null));
    });
  }

  /** Waits until its status is so. */
  async is(right: (status: Status) => boolean): Promise<void> {
    await until(async () => {
      const status = await this.status();
      return status !== null && right(status);
    }).catch((error: unknown) => {
      throw new Error(`${this.url.href}: ${error}: ${this.process.complaints}`);
    });
  }
}

/** A national relay with one scripted node, which trains `steps` steps a round. */
class Nation extends Served {
  rounds = 0;
  #node: Promise<ScriptedNode>;
  readonly #manifest: WholeManifest;
  readonly #steps: number;
  readonly #random: Random;

  constructor(
    port: number,
    link: string,
    manifest: WholeManifest,
    steps: number,
    more: readonly string[] = [],
  ) {
    super(temporaryFolder(), new URL(`http://127.0.0.1:${port}/`), [
      ...['--upstream', link, '--rounds', '400', '--quorum', '1', '--target', '1', '--grace', '1'],
      ...more,
    ]);
    this.#manifest = manifest;
    this.#steps = steps;
    this.#random = Random.seeded(steps);
    this.#node = this.is(({ base }) => base.upstream?.state === 'following').then(() => this.#join());
  }

  /** Its node reports as real ones do: it waits while others work, and a relay drops a node that is silent for 12 s. */
  async #join(): Promise<ScriptedNode> {
    const node = await ScriptedNode.join(this.url);
    const beats = setInterval(() => node.sendHeartbeat(0), 2_000);
    onTestFinished(() => clearInterval(beats));
    return node;
  }

  /** Its key toward the upstream relay, hex. */
  async key(): Promise<string> {
    const { files } = nodeRuntime({ folder: join(this.folder, 'upstream') });
    return toHex((await nodeNetwork(files).identity()).publicKey);
  }

  /** Kills it, whatever it does, and starts it again; its node joins again. */
  async crash(): Promise<void> {
    (await this.#node).vanish();
    expect(await this.process.kill(), this.process.complaints).toBe(true);
    this.process.start();
    this.#node = this.is(() => true).then(() => this.#join());
    await this.#node;
  }

  /** Its node contributes to the next round, which commits. */
  async work(): Promise<void> {
    const { parameters } = this.#manifest.model;
    const values = new Float32Array(parameters).map(() => this.#random.normal() / 100);
    const payload = codecOf(this.#manifest).encode(values, new Float32Array(parameters));
    const node = await this.#node;
    const opened = await node.next('roundOpen');
    await node.contribute(opened, payload, { steps: this.#steps, tokens: this.#steps * 32 });
    await node.next('commit');
    this.rounds++;
  }
}

test('an upstream relay is killed in a round and starts again: two national relays catch up, and nothing is lost or counted twice', async () => {
  const folder = temporaryFolder();
  const token = 'warp and weft';
  const create = tinyRun({ rounds: 9, localSteps: 40, quorum: 2, target: 2 });
  const first = await start({
    folder,
    create,
    port: await freePort(),
    tls: 'auto',
    token,
    clock: systemClock,
  });
  // The link brings the token and the certificate's fingerprint, as the relay prints it.
  const link = joinLink(first.url, token, first.fingerprint);
  const { manifest, url } = first;
  await first.close();
  const upstream = new Served(folder, url, ['--tls', 'auto', '--token', token]);
  await upstream.is(() => true);
  const north = new Nation(await freePort(), link, manifest, 4);
  const south = new Nation(await freePort(), link, manifest, 8);
  const adopted = (round: number) =>
    Promise.all([north, south].map((nation) => nation.is(({ base }) => base.upstream?.round === round)));

  await Promise.all([north.work(), south.work()]);
  await adopted(1);

  // Only one of them has contributed to the round.
  await north.work();
  await upstream.is((status) => status.round.contributions === 1);
  expect(await upstream.process.kill(), upstream.process.complaints).toBe(true);
  upstream.process.start();
  await south.work();
  await adopted(2);

  await Promise.all([north.work(), south.work()]);
  await adopted(3);

  const base = (await upstream.status())?.base.hash;
  for (const { process } of [north, south, upstream]) await process.stop();
  for (const nation of [north, south])
    expect(await reportOf(folderSource(nation.folder))).toMatchObject({
      problems: [],
      rounds: nation.rounds,
      base,
    });
  const above = await reportOf(folderSource(folder));
  expect(above).toMatchObject({ problems: [], rounds: 3, contributions: 6, base });
  const steps = journalOf(folder).reduce(
    (sum, { kind, body }) => sum + (kind === 'round-committed' ? body.tokens / 32 : 0),
    0,
  );
  // All rounds of each nation went up, none of them twice.
  expect(steps).toBe(north.rounds * 4 + south.rounds * 8);
});

test('a relay that mixes is killed at six moments: each upstream base that it mixed in holds its rounds once, and it verifies', async () => {
  const folder = temporaryFolder();
  const create = tinyRun({ rounds: 400, localSteps: 4000, quorum: 1, target: 1, graceMs: 1 });
  const upstream = await start({ folder, create, clock: systemClock });
  const steps = 4;
  const nation = new Nation(await freePort(), upstream.url.href, upstream.manifest, steps, [
    ...['--upstream-every', '2'],
  ]);
  const mixes = () =>
    journalOf(nation.folder).flatMap(({ kind, body }) => (kind === 'upstream-mixed' ? [body] : []));
  const random = Random.seeded(3);
  // Its folder holds a journal from then on.
  await nation.work();
  const kills = 6;
  for (let killed = 0; killed < kills; killed++) {
    // It has joined again, and is killed while it works, between two rounds, while it sends or while it mixes.
    const { length: before } = mixes();
    while (mixes().length === before) await nation.work();
    const until = performance.now() + random.uniform() * 500;
    while (performance.now() < until) await nation.work();
    const last = nation.work().catch(() => undefined);
    await sleep(random.uniform() * 100);
    await nation.crash();
    // Its node is gone, so what it waits for never comes.
    void last;
  }
  // All that it did before the last kill is in a base that it mixed in.
  const { length: committed } = journalOf(nation.folder).filter(({ kind }) => kind === 'round-committed');
  while ((mixes().at(-1)?.through ?? 0) < committed) await nation.work();
  const key = await nation.key();
  await nation.process.stop();
  const told = mixes();
  expect(told.length).toBeGreaterThan(kills);
  expect(stepsIn(folder, key, told)).toEqual(told.map(({ through }) => through * steps));
  await upstream.close();
  for (const each of [folder, nation.folder])
    expect(await reportOf(folderSource(each))).toMatchObject({ problems: [] });
});
