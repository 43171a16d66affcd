import { afterEach, beforeEach, expect, test } from 'vitest';
import { hashOf } from '../../../client/contribute/download.ts';
import type { ContributorEvent } from '../../../client/contribute/events.ts';
import type { Host } from '../../../client/contribute/host.ts';
import { Keep } from '../../../client/contribute/keep.ts';
import { RoundWork } from '../../../client/contribute/round-work.ts';
import { openDevice } from '../../../client/gpu/device.ts';
import { nodeGpu, nodeHost } from '../../../client/host/node.ts';
import { initialParameters } from '../../../client/model/parameters.ts';
import { stepSites } from '../../../client/train/step-sites.ts';
import { memoryFiles, tuneNorms } from '../gpu/tuned-store.ts';
import { withoutGradient } from '../train/small-run.ts';
import { tinyAgreement, tinyCorpus } from './harness.ts';

const { config, shape, optimizer, layout, run } = tinyAgreement;
const never = new AbortController().signal;
const healthy = initialParameters(config, layout, 1);

/** What a node says and keeps; every base is at hand. */
class Node {
  readonly events: ContributorEvent[] = [];
  readonly host: Host;
  readonly #bases = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #open: RoundWork[] = [];

  constructor() {
    this.host = {
      ...nodeHost({ folder: '/nowhere' }),
      files: memoryFiles(),
      cache: memoryFiles(),
      fetch: async (url) => new Response(this.#bases.get(url.pathname.split('/').at(-1) ?? '')),
    };
  }

  get keep(): Keep {
    return new Keep(this.host, new URL('http://relay.example/'));
  }

  /** As in a process that has just started. */
  async start(): Promise<RoundWork> {
    const tell = (event: ContributorEvent) => this.events.push(event);
    const options = { corpus: tinyCorpus('even'), seed: 5, power: 1, tell };
    const device = await openDevice(await nodeGpu());
    const { work } = await RoundWork.open(this.host, device, this.keep, tinyAgreement, options);
    this.#open.push(work);
    return work;
  }

  /** A round's contribution; null where there is none. */
  async train(
    work: RoundWork,
    round: number,
    parameters: Float32Array<ArrayBuffer>,
    localSteps = tinyAgreement.localSteps,
  ) {
    const bytes = new Uint8Array(parameters.buffer.slice(0));
    const base = await hashOf(bytes);
    this.#bases.set(base, bytes);
    return work.train({ round, base, attempt: 0, localSteps }, never);
  }

  /** As after \`tapestry bench tune\`. */
  async tune(): Promise<void> {
    const device = await openDevice(await nodeGpu());
    await tuneNorms(this.host.cache, device, stepSites(device, config, shape, optimizer));
    device.close();
  }

  changes() {
    return this.events.flatMap((event) => (event.event === 'kernels-changed' ? [event.change] : []));
  }

  close(): void {
    for (const work of this.#open) work.training.close();
  }
}

let node: Node;
beforeEach(() => {
  node = new Node();
});
afterEach(() => node.close());

test('a node that starts again trains with the kernels it began with, whatever was tuned meanwhile', async () => {
  const through = await node.start();
  await node.train(through, 1, healthy);
  const saved = await node.keep.load(tinyAgreement);
  // Its residual is what 32-bit floats are rounded by, so that no bit is hidden by the encoding.
  const second = await node.train(through, 2, healthy);
  if (saved === null) throw new Error('nothing was saved');

  await node.tune();
  await node.keep.save(run, saved.state);
  expect(await node.train(await node.start(), 2, healthy)).toEqual(second);
  expect(node.changes()).toEqual([]);

  // A state that does not name them is trained with what was tuned, and that gives other bits.
  await node.keep.save(run, { ...saved.state, kernels: null });
  expect(await node.train(await node.start(), 2, healthy)).not.toEqual(second);
  expect(node.changes()).toEqual(['unknown']);
  // From then on they are known.
  await node.start();
  expect(node.changes()).toEqual(['unknown']);
});

test.each([10, 40])(
  'a round of %i steps that have no finite gradient contributes nothing, and the next begins afresh',
  async (steps) => {
    const work = await node.start();
    expect(await node.train(work, 1, healthy)).not.toBeNull();
    const kept = await node.keep.load(tinyAgreement);
    expect(kept?.state.step).toBe(40);
    expect(await node.train(work, 2, withoutGradient(layout, healthy), steps)).toBeNull();
    expect(work.training.start).toMatchObject({ step: 0, scaling: { appliedSteps: 0, stuckSteps: 0 } });
    expect(await node.keep.load(tinyAgreement)).toEqual(kept);
    expect(await node.train(work, 3, healthy)).not.toBeNull();
  },
);
