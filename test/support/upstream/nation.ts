import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { UpstreamNode } from '../../../apps/cli/run/upstream/upstream-node.ts';
import { type OwnChoices, upstreamRun } from '../../../apps/cli/run/upstream/upstream-run.ts';
import { nodeNetwork } from '../../../client/host/node/network.ts';
import { nodeRuntime } from '../../../client/host/node/runtime.ts';
import { Random } from '../../../client/random.ts';
import type { NewRun } from '../../../relay/run/run.ts';
import type { Relay } from '../../../relay/server/server.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import { codecOf } from '../../../relay/wire/manifest.ts';
import { impatient } from '../contribute/harness.ts';
import { ScriptedNode } from '../relay/scripted-node.ts';
import { start, until } from '../relay/stage.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { BrokenLine } from './broken-line.ts';

const own = {
  mixing: null,
  quorum: 1,
  maxNodes: 1,
  deadlineMs: 60_000,
  graceMs: 1_000,
  payloadRounds: 0,
  created: 2,
};

/** A national relay with one scripted node, which trains `steps` steps a round. */
export class Nation {
  readonly relay: Relay;
  readonly folder: string;
  readonly create: NewRun;
  /** Its key toward the upstream relay, hex. */
  readonly key: string;
  /** Its line to the upstream relay. */
  readonly line = new BrokenLine();
  readonly #node: ScriptedNode;
  readonly #steps: number;
  readonly #random: Random;
  #joined: { readonly leaving: AbortController; readonly left: Promise<void> } | null = null;

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

  static async start(upstream: Relay, steps: number, choices: Partial<OwnChoices> = {}): Promise<Nation> {
    const folder = temporaryFolder();
    const { runtime, network } = placeIn(folder);
    const chosen = { ...own, rounds: 40, readers: 'anyone', ...choices } as const;
    const create = await upstreamRun({ runtime, network }, upstream.url, chosen);
    const relay = await start({ folder, create });
    const key = toHex((await network.identity()).publicKey);
    const node = await ScriptedNode.join(relay.url);
    const nation = new Nation(relay, { folder, create }, key, node, steps);
    await nation.join(upstream);
    onTestFinished(() => nation.part());
    return nation;
  }

  /** Joins the upstream run, as a process that starts does, with what its folder holds. */
  async join(upstream: Relay): Promise<void> {
    const leaving = new AbortController();
    this.#joined = { leaving, left: this.#follow(upstream, leaving.signal) };
    await until(() => this.relay.status().base.upstream?.state === 'following');
  }

  /** The problem for which it does not join the upstream run; null if the run is complete. */
  async problem(upstream: Relay): Promise<unknown> {
    return this.#follow(upstream, new AbortController().signal).then(
      () => null,
      (problem: unknown) => problem,
    );
  }

  #follow(upstream: Relay, signal: AbortSignal): Promise<void> {
    const { runtime, network } = placeIn(this.folder);
    return new UpstreamNode(runtime, this.line.over(network), {
      relay: upstream.url,
      run: upstream.runId,
      own: this.relay.upstream,
      seed: this.#steps,
      patienceMilliseconds: 20,
      onEvent: () => {},
    }).run(signal);
  }

  /** Leaves the upstream run, as a process that ends does. */
  async part(): Promise<void> {
    this.#joined?.leaving.abort();
    await this.#joined?.left;
    this.#joined = null;
  }

  /** Its node contributes to the next round; resolves once that is committed. */
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

  /** The steps of all its rounds. */
  get steps(): number {
    return this.rounds * this.#steps;
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

function placeIn(folder: string) {
  const runtime = impatient(nodeRuntime({ folder: join(folder, 'upstream') }), 50);
  return { runtime, network: nodeNetwork(runtime.files) };
}

/** Waits until a relay has committed so many rounds. */
export function committed(relay: Relay, rounds: number): Promise<void> {
  return until(() => relay.status().history.length === rounds);
}

/** The steps that all rounds of a run counted, in the tiny run's tokens. */
export function countedSteps(relay: Relay): number {
  return relay.status().history.reduce((sum, { tokens }) => sum + tokens / 32, 0);
}
