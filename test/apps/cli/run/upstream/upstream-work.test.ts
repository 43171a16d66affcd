import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { loadSentWork, sentWorkFile } from '../../../../../apps/cli/run/upstream/sent-work.ts';
import { UpstreamWork } from '../../../../../apps/cli/run/upstream/upstream-work.ts';
import { NodeStore } from '../../../../../client/contribute/round/node-store.ts';
import { nodeNetwork } from '../../../../../client/host/node/network.ts';
import { nodeRuntime } from '../../../../../client/host/node/runtime.ts';
import { Random } from '../../../../../client/random.ts';
import { RelayHttp } from '../../../../../client/relay-http.ts';
import type { CommittedRound } from '../../../../../relay/journal/replay.ts';
import type { AdoptedBase } from '../../../../../relay/run/upstream/adopted-base.ts';
import { Upstream, type UpstreamStore } from '../../../../../relay/run/upstream/upstream.ts';
import { toHex } from '../../../../../relay/wire/hex.ts';
import { type UpstreamMixing, UpstreamMixingSchema } from '../../../../../relay/wire/tapestry_pb.js';
import { tinyTerms } from '../../../../support/contribute/harness.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

const { length } = tinyTerms.layout;
const initial = new Float32Array(length);
const zero = new Uint8Array(32);

/** A run below, whose rounds each move its base and hold 32 tokens times their number. */
class OwnRun implements UpstreamStore {
  readonly #random = Random.seeded(1);
  #parameters = initial;
  readonly #bases = new Map([[toHex(zero), initial]]);
  readonly replay = {
    run: { manifest: { upstream: [zero], mixing: [] as UpstreamMixing[], initialBase: zero } },
    adopted: [] as AdoptedBase[],
    history: [] as CommittedRound[],
    committed: 0,
    complete: false,
    base: toHex(zero),
  };
  readonly machine = new Upstream(this, async () => {});

  commit(): void {
    const { replay } = this;
    this.#parameters = this.#parameters.map((value) => value + this.#random.normal() / 1000);
    replay.committed++;
    replay.base = toHex(zero.map(() => replay.committed));
    replay.history.push({
      ...{ round: replay.committed, contributions: 1, excluded: 0, tokens: 32, probeLoss: null },
      ...{ trainingLoss: 2, heldOutLoss: [], committedAt: 0, base: replay.base },
    });
  }

  /** Takes a base of the upstream run, as if it were the current one. */
  adopt(round: number): void {
    const { replay } = this;
    this.#bases.set(replay.base, this.#parameters);
    const { committed, base } = replay;
    const [upstream, reference, evidence] = [base, base, [base]];
    replay.adopted.push({ committed, round, base, through: committed, upstream, reference, evidence });
  }

  async adoptedReference() {
    return this.#bases.get(this.replay.adopted.at(-1)?.reference ?? toHex(zero)) ?? initial;
  }

  async base() {
    return this.#parameters.slice();
  }

  holding: UpstreamStore['holding'] = (work) => work(async () => toHex(zero));
}

function placeIn(folder: string) {
  const runtime = nodeRuntime({ folder });
  const http = new RelayHttp(nodeNetwork(runtime.files), runtime, new URL('http://127.0.0.1:1/'));
  const { files } = runtime;
  const open = (own: OwnRun, isHeldAbove = false) =>
    UpstreamWork.open(new NodeStore(runtime, http), files, tinyTerms, own.machine, async () => isHeldAbove);
  return { files, open };
}

const { signal } = new AbortController();
const round = (number: number) => ({
  ...{ round: number, base: toHex(zero), attempt: 1, localSteps: 40, normBound: 10 },
});

/** The payload of the next contribution, and the own rounds that it holds. */
async function sent(work: UpstreamWork, number: number) {
  const payload = (await work.contribution(round(number), signal)) ?? '';
  return { payload, rounds: (work.made(payload)?.tokens ?? 0) / 32 };
}

test('work whose place another contribution of the relay has counts if it can only be the same, and goes up again if not', async () => {
  for (const rounds of [1, 3]) {
    const own = new OwnRun();
    const { work } = await placeIn(temporaryFolder()).open(own);
    for (let i = 0; i < rounds; i++) own.commit();
    const first = await sent(work, 1);
    expect(first.rounds).toBe(rounds);
    // A refusal as a duplicate is no receipt: the upstream relay has another payload of this key.
    const counted = work.accept(first.payload, null);
    expect(counted?.payload ?? null).toBe(rounds === 1 ? first.payload : null);
    work.settle();
    expect(work.accepted.contributions).toBe(rounds === 1 ? 1 : 0);
    own.commit();
    expect((await sent(work, 2)).rounds).toBe(rounds === 1 ? 1 : 4);
  }
});

test('what does not count goes up again, also when its attempt had accepted it', async () => {
  for (const wasAccepted of [false, true]) {
    const own = new OwnRun();
    const { work } = await placeIn(temporaryFolder()).open(own);
    own.commit();
    const first = await sent(work, 1);
    if (wasAccepted) work.accept(first.payload, 7);
    work.discard();
    own.commit();
    expect((await sent(work, 2)).rounds).toBe(2);
  }
});

test('a process that starts again has the contribution that was offered, to the bit, and goes on from it or from before it', async () => {
  for (const counts of [false, true]) {
    const own = new OwnRun();
    const place = placeIn(temporaryFolder());
    const before = await place.open(own);
    expect(before.offered).toBeNull();
    own.commit();
    const first = await sent(before.work, 1);
    before.work.accept(first.payload, 7);
    before.work.settle();
    own.commit();
    own.commit();
    const second = await sent(before.work, 2);
    const made = before.work.made(second.payload);
    expect(second.rounds).toBe(2);

    own.commit();
    const { work, offered } = await place.open(own);
    expect(offered).toEqual(made);
    if (counts) {
      work.accept(second.payload, 9);
      work.settle();
    } else work.discard();
    const third = await sent(work, 3);
    expect(third.rounds).toBe(counts ? 1 : 3);
    // The process that went on has the same next contribution, with the same error feedback.
    if (counts) {
      before.work.accept(second.payload, 9);
      before.work.settle();
    } else before.work.discard();
    expect((await sent(before.work, 3)).payload).toBe(third.payload);
  }
});

test('what is in an adopted base is not offered again', async () => {
  const own = new OwnRun();
  const place = placeIn(temporaryFolder());
  const before = await place.open(own);
  own.commit();
  const first = await sent(before.work, 1);
  before.work.accept(first.payload, 7);
  before.work.settle();
  own.adopt(1);
  const { work, offered } = await place.open(own);
  expect(offered).toBeNull();
  own.commit();
  expect((await sent(work, 2)).rounds).toBe(1);
});

test('a file of sent work that was changed is refused, because the work might go up twice', async () => {
  const own = new OwnRun();
  const { files, open } = placeIn(temporaryFolder());
  const { work } = await open(own);
  own.commit();
  await sent(work, 1);
  const name = sentWorkFile(tinyTerms.run);
  const bytes = (await files.read(name)) ?? new Uint8Array();
  expect(await loadSentWork(files, tinyTerms)).toMatchObject({ from: 0, through: 1 });
  for (const at of [8, bytes.length >> 1, bytes.length - 1]) {
    const changed = bytes.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    await files.write(name, changed);
    await expect(open(own)).rejects.toMatchObject({ code: 'checkpoint.damaged' });
  }
});

test('a file of sent work that is lost is missed only while the upstream run holds work that the adopted base does not', async () => {
  const own = new OwnRun();
  const { files, open } = placeIn(temporaryFolder());
  // Nothing was done yet, so nothing can have gone up.
  const { work } = await open(own, true);
  own.commit();
  await sent(work, 1);
  await files.remove(sentWorkFile(tinyTerms.run));
  await expect(open(own, true)).rejects.toMatchObject({ code: 'upstream.lost-work' });
  expect((await open(own, false)).offered).toBeNull();
  own.adopt(1);
  expect((await open(own, true)).offered).toBeNull();
});

test('a run that mixes sends what it did once it is enough rounds, and at its end what is left', async () => {
  const own = new OwnRun();
  own.replay.run.manifest.mixing.push(create(UpstreamMixingSchema, { every: 3, weight: 0.25 }));
  const { work } = await placeIn(temporaryFolder()).open(own);
  own.commit();
  own.commit();
  let isSent = false;
  const sending = sent(work, 1).finally(() => {
    isSent = true;
  });
  own.machine.applied({ kind: 'round-committed' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isSent).toBe(false);
  own.commit();
  own.machine.applied({ kind: 'round-committed' });
  const first = await sending;
  expect(first.rounds).toBe(3);
  work.accept(first.payload, 7);
  work.settle();
  own.commit();
  own.replay.complete = true;
  expect((await sent(work, 2)).rounds).toBe(1);
});
