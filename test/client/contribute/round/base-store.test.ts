import { expect, test } from 'vitest';
import { Downloads } from '../../../../client/contribute/protocol/download.ts';
import { BaseStore } from '../../../../client/contribute/round/base-store.ts';
import { Random } from '../../../../client/random.ts';
import { RelayHttp } from '../../../../client/relay-http.ts';
import { sha256Hex } from '../../../../client/sha256.ts';
import { applyDelta } from '../../../../relay/wire/codec/apply-delta.ts';
import { statisticalCodec } from '../../../../relay/wire/codec/statistical.ts';
import { type Fragments, stridedFragments, wholeModel } from '../../../../relay/wire/fragments.ts';
import { fromHex } from '../../../../relay/wire/hex.ts';
import { tinyTerms } from '../../../support/contribute/harness.ts';
import { memoryFiles } from '../../../support/tuned-store.ts';

const downlink = statisticalCodec({
  ...{ block: 4096, exponent: -22, maxShift: 14 },
  ...{ clipNorm: Number.POSITIVE_INFINITY, feedbackDecay: 1 },
});
const { layout } = tinyTerms;
const terms = { layout, downlink, fragments: wholeModel(layout.length) };
const baseBytes = layout.length * 4;
const deltaBytes = downlink.payloadBytes(layout.length);
const never = new AbortController().signal;

const bytesOf = ({ buffer }: Float32Array<ArrayBuffer>) => new Uint8Array(buffer);

/** A relay that has the bases of `rounds` rounds, and the deltas between them. */
class Relay {
  readonly bases: { readonly hash: string; readonly parameters: Float32Array<ArrayBuffer> }[] = [];
  readonly deltas: string[] = [];
  readonly blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  /** The paths that were asked for since the last look. */
  asked: string[] = [];
  /** Changes the list of deltas that a node is given. */
  list = (deltas: readonly string[]): readonly string[] | null => deltas;

  constructor(rounds: number, fragments: Fragments = wholeModel(layout.length)) {
    const random = Random.seeded(4);
    this.#add(new Float32Array(layout.length).map(() => random.normal()));
    for (let round = 1; round <= rounds; round++) {
      const values = new Float32Array(fragments.length).map(() => random.normal() / 100);
      const delta = downlink.encode(values, new Float32Array(values.length));
      this.deltas.push(this.#put(delta));
      const { parameters: before } = this.base(round - 1);
      const fragment = fragments.at(round);
      this.#add(fragment.into(before, applyDelta(fragment.of(before), delta, downlink)));
    }
  }

  base(round: number) {
    return this.bases[round] ?? { hash: '', parameters: new Float32Array() };
  }

  /** The base that so many rounds made, which the next round begins from. */
  wanted(rounds: number) {
    return { round: rounds + 1, base: this.base(rounds).hash };
  }

  /** A store of this relay's bases in a node's folder. */
  store(files = memoryFiles()): BaseStore {
    const clock = { now: () => 0, sleep: () => new Promise<void>(() => undefined) };
    const patient = { now: () => 0, sleep: async () => undefined };
    const http = new RelayHttp(
      { fetch: async (url) => this.#answer(url) },
      clock,
      new URL('http://relay.example/'),
    );
    return new BaseStore(files, http, new Downloads(http, patient));
  }

  #add(parameters: Float32Array<ArrayBuffer>): void {
    this.bases.push({ hash: this.#put(bytesOf(parameters)), parameters });
  }

  #put(bytes: Uint8Array<ArrayBuffer>): string {
    const hash = sha256Hex(bytes);
    this.blobs.set(hash, bytes);
    return hash;
  }

  #answer({ pathname }: URL): Response {
    const path = pathname.slice(1);
    this.asked.push(path.split('/')[0] ?? '');
    const [, to = '', from = ''] = /^bases\/(\w+)\/from\/(\w+)$/.exec(path) ?? [];
    const roundOf = (name: string) => this.bases.findIndex(({ hash }) => hash === name);
    if (to !== '') {
      const deltas = this.list(this.deltas.slice(roundOf(from), roundOf(to)));
      return deltas === null
        ? new Response('', { status: 404 })
        : new Response(Buffer.concat(deltas.map(fromHex)));
    }
    const blob = this.blobs.get(path.replace('blobs/', ''));
    return blob === undefined ? new Response('', { status: 404 }) : new Response(blob);
  }
}

test('a node follows by deltas, several where it missed rounds, and has the bits of the relay at each', async () => {
  const relay = new Relay(5);
  const files = memoryFiles();
  const store = relay.store(files);
  const first = await store.load('base', terms, relay.wanted(0), never);
  expect(first).toEqual({ parameters: relay.base(0).parameters, fetched: baseBytes });
  for (const [round, missed] of [
    [1, 1],
    [2, 1],
    [4, 2],
  ] as const) {
    const { parameters, fetched } = await store.load('base', terms, relay.wanted(round), never);
    expect(parameters).toEqual(relay.base(round).parameters);
    expect(fetched).toBe(missed * deltaBytes);
    expect(await files.read('base')).toEqual(bytesOf(relay.base(round).parameters));
  }
  // After a restart it goes on from the file.
  const again = await relay.store(files).load('base', terms, relay.wanted(5), never);
  expect(again).toEqual({ parameters: relay.base(5).parameters, fetched: deltaBytes });
  relay.asked = [];
  expect(await store.load('base', terms, relay.wanted(4), never)).toMatchObject({ fetched: 0 });
  expect(relay.asked).toEqual([]);
});

test('a base that was stored when its load was aborted is not fetched again', async () => {
  const relay = new Relay(1);
  const files = memoryFiles();
  const stop = new AbortController();
  let isLast = false;
  const write = async (name: string, bytes: Uint8Array<ArrayBuffer>) => {
    await files.write(name, bytes);
    if (isLast) stop.abort();
  };
  const store = relay.store({ ...files, write });
  await store.load('base', terms, relay.wanted(0), never);
  isLast = true;
  await expect(store.load('base', terms, relay.wanted(1), stop.signal)).rejects.toThrow('abort');
  const { parameters, fetched } = await store.load('base', terms, relay.wanted(1), never);
  expect(parameters).toEqual(relay.base(1).parameters);
  expect(fetched).toBe(0);
});

test('a node downloads the base whole where the deltas are not smaller, and in a run that has none', async () => {
  const relay = new Relay(16);
  const store = relay.store();
  await store.load('base', terms, relay.wanted(0), never);
  const { parameters, fetched } = await store.load('base', terms, relay.wanted(16), never);
  expect(16 * deltaBytes).toBeGreaterThan(baseBytes);
  expect([fetched, parameters]).toEqual([baseBytes, relay.base(16).parameters]);

  const plain = new Relay(1).store();
  const full = { ...terms, downlink: null };
  for (const round of [0, 1])
    expect(await plain.load('base', full, relay.wanted(round), never)).toMatchObject({
      fetched: baseBytes,
    });
});

test.each<[string, (relay: Relay) => void, deltas: number]>([
  ['no deltas', (relay) => (relay.list = () => null), 0],
  ['an empty list', (relay) => (relay.list = () => []), 0],
  ['deltas of other rounds', (relay) => (relay.list = () => relay.deltas.slice(0, 1)), 1],
  ['a delta that is gone', (relay) => relay.blobs.delete(relay.deltas[2] ?? ''), 1],
  [
    'a delta that is none',
    (relay) => {
      const wrong = new Uint8Array(deltaBytes).fill(255);
      relay.blobs.set(sha256Hex(wrong), wrong);
      relay.list = () => [sha256Hex(wrong)];
    },
    1,
  ],
])('a relay that gives %s costs the whole base, and nothing else', async (_, change, deltas) => {
  const relay = new Relay(3);
  const store = relay.store();
  await store.load('base', terms, relay.wanted(1), never);
  change(relay);
  const { parameters, fetched } = await store.load('base', terms, relay.wanted(3), never);
  expect(parameters).toEqual(relay.base(3).parameters);
  expect(fetched).toBe(baseBytes + deltas * deltaBytes);
});

test('in a run of fragments a delta is one of the fragment of its round, also where rounds were missed', async () => {
  const fragments = stridedFragments(layout.length, { count: 2, block: 1000 });
  const relay = new Relay(5, fragments);
  const store = relay.store();
  await store.load('base', terms, relay.wanted(0), never);
  for (const [rounds, missed] of [
    [1, 1],
    [4, 3],
    [5, 1],
  ] as const) {
    const { parameters, fetched } = await store.load(
      'base',
      { ...terms, fragments },
      relay.wanted(rounds),
      never,
    );
    expect(parameters).toEqual(relay.base(rounds).parameters);
    expect(fetched).toBe(missed * downlink.payloadBytes(fragments.length));
  }
  expect(downlink.payloadBytes(fragments.length)).toBeLessThan(0.51 * deltaBytes);
});
