import { afterEach, expect, test } from 'vitest';
import { nodeGpu, nodeRuntime } from '../../../client/host/node/runtime.ts';
import { layoutOf } from '../../../client/model/parameters.ts';
import type { StrategyDraft } from '../../../relay/run/manifest.ts';
import type { SparseSettings } from '../../../relay/wire/codec/sparse.ts';
import { Stage, type TestNode, tinyConfig, tinyRun } from '../../support/contribute/harness.ts';

const stage = new Stage();
afterEach(() => stage.close());

const adamw = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 };
const [rounds, localSteps] = [2, 6];

/** One node trains a whole run of this strategy. */
async function trained(strategy: Partial<StrategyDraft>, sparse?: SparseSettings): Promise<TestNode> {
  const run = { rounds, localSteps, quorum: 1, target: 1, strategy };
  const create = tinyRun(sparse === undefined ? run : { ...run, sparse });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const node = stage.node(await stage.folder(), relay.url);
  expect(await node.done).toBeUndefined();
  expect(relay.status().round.phase).toBe('complete');
  return node;
}

const payloads = (node: TestNode) => node.all('contribution').map(({ payload }) => payload);

function expectLearned(node: TestNode): void {
  const [first = 0, second = 0] = node.all('round').map(({ heldOutLoss }) => heldOutLoss);
  expect(second).toBeLessThan(first - 0.02);
}

test('a run trains with Muon and warm-up-stable-decay, with f16 storage, or in parts with recomputation', async () => {
  const usual = await trained({});
  const muon = await trained({
    inner: { case: 'muon', value: { ...adamw, momentum: 0.95 } },
    schedule: { case: 'warmupStableDecay', value: { decaySteps: 3 } },
  });
  const f16 = await trained({
    precision: { case: 'f16', value: { initialScale: 1024, growthInterval: 100 } },
  });
  const parts = await trained({ accumulation: 2, recompute: true });
  const nodes = [usual, muon, f16, parts];
  for (const node of nodes) {
    expect(node.all('acknowledged').map(({ round }) => round)).toEqual([1, 2]);
    expectLearned(node);
  }
  // The settings reach the trainer: each trains other bits from the same base and text.
  expect(new Set(nodes.map((node) => payloads(node)[0])).size).toBe(nodes.length);
  const [whole = 0, half = 0] = [usual, parts].map((node) => node.all('joined')[0]?.trainingBytes);
  expect(half).toBeLessThan(whole);
});

test('a run of sparse deltas and a plain outer step trains, and its nodes send a quarter of a bit a parameter', async () => {
  const node = await trained(
    { outer: { case: 'sgd', value: { learningRate: 1, finalRate: 0.4, constantRounds: 1 } } },
    {
      ...{ chunk: 4096, top: 64, exponent: -22, maxShift: 14 },
      ...{ clipNorm: 10, feedbackDecay: 0.95 },
    },
  );
  expect(node.all('acknowledged').map(({ round }) => round)).toEqual([1, 2]);
  const [first = 0, second = 0] = node.all('round').map(({ heldOutLoss }) => heldOutLoss);
  expect(second).toBeLessThan(first);
  const { length } = layoutOf(tinyConfig);
  for (const { payloadBytes } of node.all('contribution'))
    expect((payloadBytes * 8) / length).toBeLessThanOrEqual(0.25);
});

test.each([
  ['replaces its own values with those of the base', null],
  ['trains while the base arrives, and mixes it in', 0.5],
])(
  'a node of a run of fragments sends and follows one a round, %s, and resumes with its own parameters',
  async (_, localShare) => {
    const { length } = layoutOf(tinyConfig);
    const fragments = { count: 2, block: Math.ceil(length / 4), localShare };
    const value = { block: 1024, bytes: 255, exponent: -22, maxShift: 14 };
    const downlink = { case: 'entropyDeltas' as const, value };
    const create = tinyRun({ rounds: 4, localSteps: 4, quorum: 2, target: 2, fragments, downlink });
    const relay = await stage.relay({ folder: await stage.folder(), create });
    const [first, second] = [await stage.folder(), await stage.folder()];
    const leaving = stage.node(first, relay.url);
    const staying = stage.node(second, relay.url, { seed: 6 });
    await leaving.said('committed');
    leaving.contributor.finish();
    await leaving.done;
    const returned = stage.node(first, relay.url);
    expect([await staying.done, await returned.done]).toEqual([undefined, undefined]);
    expect(relay.status().round.phase).toBe('complete');
    for (const { payloadBytes } of staying.all('contribution'))
      expect(payloadBytes).toBeLessThan(length * 0.6);
    expect(staying.all('acknowledged').map(({ round }) => round)).toEqual([1, 2, 3, 4]);
    // The first base is whole; each other one is checked against the relay's hash.
    const [whole, ...deltas] = staying.all('synced').map(({ bytes }) => bytes);
    expect(whole).toBe(4 * length);
    expect(deltas.length).toBeGreaterThanOrEqual(3);
    for (const bytes of deltas) expect((8 * bytes) / length).toBeLessThan(1.1);
    expect(returned.all('restored')).toHaveLength(1);
    const losses = staying.all('round').map(({ heldOutLoss }) => heldOutLoss);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.02);
  },
);

test('a run with f16 storage ends a node whose adapter has no 16-bit floats', async () => {
  const strategy: Partial<StrategyDraft> = {
    precision: { case: 'f16', value: { initialScale: 1024, growthInterval: 100 } },
  };
  const create = tinyRun({ rounds, localSteps, quorum: 1, target: 1, strategy });
  const relay = await stage.relay({ folder: await stage.folder(), create });
  const folder = await stage.folder();
  const runtime = { ...nodeRuntime({ folder }), gpu: async () => withoutF16(await nodeGpu()) };
  const node = stage.node(folder, relay.url, { runtime });
  expect(await node.done).toMatchObject({ code: 'device.no-f16' });
  expect(node.all('retry')).toEqual([]);
});

/** Adapters that do not offer `shader-f16`. */
function withoutF16(gpu: GPU): GPU {
  const bound = (target: object, name: string | symbol): unknown => {
    const value: unknown = Reflect.get(target, name, target);
    return typeof value === 'function' ? value.bind(target) : value;
  };
  return new Proxy(gpu, {
    get(target, name) {
      if (name !== 'requestAdapter') return bound(target, name);
      return async (options?: GPURequestAdapterOptions) => {
        const adapter = await target.requestAdapter(options);
        return (
          adapter &&
          new Proxy(adapter, {
            get: (inner, key) =>
              key === 'features'
                ? new Set([...inner.features].filter((feature) => feature !== 'shader-f16'))
                : bound(inner, key),
          })
        );
      };
    },
  });
}
