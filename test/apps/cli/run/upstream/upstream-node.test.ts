import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { UpstreamNode } from '../../../../../apps/cli/run/upstream/upstream-node.ts';
import { upstreamRun } from '../../../../../apps/cli/run/upstream/upstream-run.ts';
import { nodeNetwork } from '../../../../../client/host/node/network.ts';
import { nodeRuntime } from '../../../../../client/host/node/runtime.ts';
import { Random } from '../../../../../client/random.ts';
import type { NewRun } from '../../../../../relay/run/run.ts';
import type { Relay } from '../../../../../relay/server/server.ts';
import { folderSource } from '../../../../../relay/verify/folder-source.ts';
import { toHex } from '../../../../../relay/wire/hex.ts';
import { codecOf } from '../../../../../relay/wire/manifest.ts';
import { impatient, tinyRun } from '../../../../support/contribute/harness.ts';
import { runPython } from '../../../../support/python.ts';
import { ScriptedNode } from '../../../../support/relay/scripted-node.ts';
import { journal, start, until } from '../../../../support/relay/stage.ts';
import { reportOf } from '../../../../support/relay/written-run.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

const own = { quorum: 1, maxNodes: 1, deadlineMs: 60_000, graceMs: 1_000, payloadRounds: 0, created: 2 };

/** A national relay with one scripted node, which trains `steps` steps a round. */
class Nation {
  readonly relay: Relay;
  readonly folder: string;
  readonly create: NewRun;
  /** Its key toward the upstream relay, hex. */
  readonly key: string;
  readonly #node: ScriptedNode;
  readonly #steps: number;
  readonly #random: Random;

  private constructor(
    relay: Relay,
    place: { readonly folder: string; readonly create: NewRun },
    key: string,
    node: ScriptedNode,
    steps: number,
  ) {
    this.relay = relay;
    this.folder = place.folder;
    this.create = place.create;
    this.key = key;
    this.#node = node;
    this.#steps = steps;
    this.#random = Random.seeded(steps);
  }

  static async start(upstream: Relay, steps: number): Promise<Nation> {
    const folder = temporaryFolder();
    const runtime = impatient(nodeRuntime({ folder: join(folder, 'upstream') }), 50);
    const network = nodeNetwork(runtime.files);
    const create = await upstreamRun({ runtime, network }, upstream.url, {
      ...own,
      rounds: 40,
      readers: 'anyone',
    });
    const relay = await start({ folder, create });
    const leaving = new AbortController();
    const joined = new UpstreamNode(runtime, network, {
      relay: upstream.url,
      run: upstream.runId,
      own: relay.upstream,
      seed: steps,
      patienceMilliseconds: 20,
      onEvent: () => {},
    }).run(leaving.signal);
    onTestFinished(async () => {
      leaving.abort();
      await joined;
    });
    await until(() => relay.status().base.upstream?.state === 'following');
    const key = toHex((await network.identity()).publicKey);
    return new Nation(relay, { folder, create }, key, await ScriptedNode.join(relay.url), steps);
  }

  /** Its node contributes to the next round; the round's hash of the payload. */
  async work(): Promise<void> {
    const { model } = this.relay.manifest;
    const values = new Float32Array(model.parameters).map(() => this.#random.normal() / 100);
    const payload = codecOf(this.relay.manifest).encode(values, new Float32Array(values.length));
    const opened = await this.#node.next('roundOpen');
    await this.#node.contribute(opened, payload, { steps: this.#steps, tokens: this.#steps * 32 });
    await this.#node.next('commit');
  }

  get rounds(): number {
    return this.relay.status().history.length;
  }

  /** Waits until it has adopted the base that so many rounds of the upstream run made. */
  async adopted(round: number, upstream: Relay): Promise<void> {
    await until(() => this.relay.status().base.upstream?.round === round);
    expect((await this.relay.base()).hash).toBe((await upstream.base()).hash);
  }

  leave(): void {
    this.#node.vanish();
  }
}

function committed(relay: Relay, rounds: number): Promise<void> {
  return until(() => relay.status().history.length === rounds);
}

test('two national relays follow an upstream run, work alone while it is gone, and catch up', async () => {
  const folder = temporaryFolder();
  const create = tinyRun({ rounds: 9, localSteps: 40, quorum: 2, target: 2 });
  const first = await start({ folder, create });
  const [north, south] = [await Nation.start(first, 4), await Nation.start(first, 8)];
  for (const { relay } of [north, south]) {
    expect(relay.manifest.upstream.map(toHex)).toEqual([first.runId]);
    expect((await relay.base()).hash).toBe((await first.base()).hash);
  }

  await Promise.all([north.work(), south.work()]);
  await committed(first, 1);
  expect(first.status().history[0]).toMatchObject({ contributions: 2, tokens: 12 * 32 });
  await Promise.all([north.adopted(1, first), south.adopted(1, first)]);
  const firstBase = (await first.base()).hash;

  // The upstream relay ends in the middle of a round, to which only one of them has contributed.
  await north.work();
  await until(() => first.status().round.contributions === 1);
  expect(north.relay.status().round.phase).toBe('waiting');
  await first.close();
  for (const { relay } of [north, south]) await until(() => relay.status().base.upstream?.state === 'alone');
  for (let round = 0; round < 2; round++) await Promise.all([north.work(), south.work()]);
  expect([north.rounds, south.rounds]).toEqual([4, 3]);

  const second = await start({ folder, create, port: Number(first.url.port) });
  await committed(second, 3);
  // Each has opened one more round alone. Its work goes up too, and then they adopt.
  await Promise.all([north.work(), south.work()]);
  await committed(second, 4);
  await Promise.all([north.adopted(4, second), south.adopted(4, second)]);
  const tokens = second.status().history.map((round) => round.tokens / 32);
  expect(tokens[0]).toBe(4 + 8);
  // All rounds of each nation went up, none of them twice.
  expect(tokens.reduce((sum, each) => sum + each)).toBe(north.rounds * 4 + south.rounds * 8);

  await Promise.all([north.work(), south.work()]);
  await committed(second, 5);
  await Promise.all([north.adopted(5, second), south.adopted(5, second)]);

  const up = (await journal(second)).filter(({ kind }) => kind === 'contribution-accepted');
  const keys = up.map(({ body }) => ('key' in body ? body.key : null));
  expect(new Set(keys)).toEqual(new Set([north.key, south.key]));
  const above = (await second.base()).hash;
  await second.close();
  for (const nation of [north, south]) {
    nation.leave();
    await nation.relay.close();
    const report = await reportOf(folderSource(nation.folder));
    expect(report).toMatchObject({ problems: [], rounds: nation.rounds, base: above });
    const again = await start({ folder: nation.folder, create: nation.create });
    expect((await again.base()).hash).toBe(above);
  }
  expect((await reportOf(folderSource(folder))).problems).toEqual([]);

  const python = await runPython(join(import.meta.dirname, '../../../../verifier/verify.py'), north.folder);
  expect([python.stderr, JSON.parse(python.stdout)]).toMatchObject(['', { base: above, problems: [] }]);
  // An adopted base is evidence: without it no later base can be derived.
  rmSync(join(north.folder, 'blobs', firstBase.slice(0, 2), firstBase));
  expect((await reportOf(folderSource(north.folder))).problems).not.toEqual([]);
});
