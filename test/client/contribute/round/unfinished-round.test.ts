import { afterEach, expect, test } from 'vitest';
import type { ContributorEvent } from '../../../../client/contribute/events.ts';
import { BaseDelta } from '../../../../client/contribute/round/base-delta.ts';
import { withLate } from '../../../../client/contribute/round/error-feedback.ts';
import type { Contribution } from '../../../../client/contribute/round/saved-state.ts';
import type { RunTerms } from '../../../../client/contribute/run-terms.ts';
import { TapestryError } from '../../../../client/errors.ts';
import { initialParameters } from '../../../../client/model/parameters.ts';
import { stridedFragments } from '../../../../relay/wire/fragments.ts';
import { tinyTerms } from '../../../support/contribute/harness.ts';
import { type FileMap, RoundNode } from '../../../support/contribute/round-node.ts';

const { config, layout, run, localSteps } = tinyTerms;
const first = initialParameters(config, layout, 1);
const second = initialParameters(config, layout, 2);
const snapshotName = `snapshot-${run.slice(0, 16)}.safetensors`;

/** Streaming: a round begins with the node's own parameters while its base arrives. */
const streaming: RunTerms = {
  ...tinyTerms,
  fragments: stridedFragments(layout.length, { count: 2, block: 64 }),
  localShare: 0.5,
};

/** A clock that moves with each reading, so that the steps of a round last about half a minute. */
function ticking() {
  let now = 0;
  return {
    now: () => {
      now += 150;
      return now;
    },
    sleep: async () => undefined,
  };
}

const nodes: RoundNode[] = [];
afterEach(() => {
  for (const node of nodes.splice(0)) node.close();
});

function open(files: FileMap = new Map(), onEvent: (event: ContributorEvent) => void = () => undefined) {
  const node = new RoundNode({ files, runtime: ticking(), onEvent });
  nodes.push(node);
  return node;
}

/** A killed process's folder, and the step of its snapshot. */
interface Left {
  readonly files: FileMap;
  readonly step: number;
}

/** The folder that a process leaves when it is killed after its second snapshot of round `at`, and the step of that one. */
async function kill(at: number, terms: RunTerms): Promise<Left> {
  let left: Left | null = null;
  let seen = 0;
  const node = open(new Map(), (event) => {
    if (event.event !== 'snapshot' || event.round !== at || ++seen !== 2) return;
    left = { files: new Map(node.files), step: event.step };
  });
  const work = await node.start(terms);
  for (let round = 1; round <= at; round++) {
    await node.train(work, round, round === 1 ? first : second);
    work.settle();
  }
  if (left === null) throw new Error('no snapshot was stored');
  return left;
}

/** The contribution to round `at` of a process that runs on. */
async function trainThrough(at: number, terms: RunTerms): Promise<Contribution | null> {
  const node = open();
  const work = await node.start(terms);
  for (let round = 1; ; round++) {
    const made = await node.train(work, round, round === 1 ? first : second);
    if (round === at) return made;
    work.settle();
  }
}

/** Each is computed once. */
const folders = new Map<string, Promise<Left>>();
const contributions = new Map<string, Promise<Contribution | null>>();

async function killed(at: number, terms = tinyTerms): Promise<Left> {
  const name = `${at} ${terms.run} ${terms.fragments.count}`;
  const left = folders.get(name) ?? kill(at, terms);
  folders.set(name, left);
  const { files, step } = await left;
  return { files: new Map(files), step };
}

function uninterrupted(at: number, terms = tinyTerms): Promise<Contribution | null> {
  const name = `${at} ${terms.fragments.count}`;
  const made = contributions.get(name) ?? trainThrough(at, terms);
  contributions.set(name, made);
  return made;
}

test.each([
  ['first round', 1, tinyTerms],
  ['second round', 2, tinyTerms],
  ['second round of a streaming run', 2, streaming],
])('a process that is killed in the %s loses no bit: another trains the round on', async (_, at, terms) => {
  const { files, step } = await killed(at, terms);
  expect(step).toBeGreaterThan(1);
  expect(step).toBeLessThan(localSteps);
  const node = open(files);
  const made = await node.train(await node.start(terms), at, at === 1 ? first : second);
  expect(node.all('round-resumed')).toEqual([{ event: 'round-resumed', round: at, step, steps: localSteps }]);
  expect(node.all('step').every((event) => event.step > step)).toBe(true);
  expect(made).toEqual(await uninterrupted(at, terms));
  expect(made?.steps).toBe(localSteps);
  expect(node.files.has(snapshotName)).toBe(false);
});

test('a process that is stopped, as by a person, loses no step at all', async () => {
  const node = open();
  const stopping = new AbortController();
  const work = await node.start();
  let asked = 0;
  const until = () => {
    if (++asked === 17) stopping.abort();
    return Number.POSITIVE_INFINITY;
  };
  await expect(node.train(work, 1, first, localSteps, 1e3, until, stopping.signal)).rejects.toThrow();
  await work.close(false);
  const again = open(new Map(node.files));
  expect(await again.train(await again.start(), 1, first)).toEqual(await uninterrupted(1));
  expect(again.all('round-resumed')).toMatchObject([{ step: 17 }]);
});

test('a round whose time ended meanwhile is contributed with the steps that it has', async () => {
  const { files, step } = await killed(1);
  const node = open(files);
  const made = await node.train(await node.start(), 1, first, localSteps, 1e3, () => 0);
  expect(made?.steps).toBe(step);
  expect(made?.tokens).toBe(step * 32);
  expect(node.all('step')).toEqual([]);
});

test.each([
  ['the next round', 2, second],
  ['a round from another base', 1, second],
])(
  'where the relay has opened %s, what was trained returns to the error feedback',
  async (_, round, base) => {
    const { files, step } = await killed(1);
    const node = open(files);
    const unfinished = await node.store.loadSnapshot(tinyTerms, null);
    const place = unfinished?.unfinished;
    if (!unfinished || !place) throw new Error('nothing is unfinished');
    const delta = BaseDelta.between(first, place.parameters, tinyTerms.codec.clipNorm);
    const residual = withLate(delta, unfinished.residual, tinyTerms.codec);

    const work = await node.start();
    await work.sync(await node.round(round, base), new AbortController().signal);
    expect(node.all('round-returned')).toEqual([{ event: 'round-returned', round: 1, steps: step }]);
    // This process ends too, and the base of the round that is over has been replaced.
    const again = open(new Map(node.files));
    const made = await again.train(await again.start(), round, base);
    expect(again.all('round-returned')).toEqual([]);
    expect(again.all('round-lost')).toEqual([]);
    expect(made?.steps).toBe(localSteps);
    expect((await again.store.load(tinyTerms))?.state).toMatchObject({
      residual,
      checkpoint: { state: { step: step + localSteps } },
    });
  },
);

test('without the base of a round that is over, its steps are lost and said to be', async () => {
  const { files } = await killed(1);
  files.delete(`base-${run.slice(0, 16)}.bin`);
  const node = open(files);
  expect(await node.train(await node.start(), 2, second)).not.toBeNull();
  expect(node.all('round-lost')).toEqual([{ event: 'round-lost', reason: 'base.replaced' }]);
});

test('a damaged snapshot, and one of another run, are refused by name, and the round begins anew', async () => {
  const { files } = await killed(2);
  const made = await uninterrupted(2);
  const bytes = files.get(snapshotName) ?? new Uint8Array();
  const flipped = bytes.slice();
  flipped[700] = (flipped[700] ?? 0) ^ 1;
  const other = { ...tinyTerms, run: '00'.repeat(8) + '11'.repeat(24) };
  const stranger = await killed(1, other);
  for (const [bad, reason] of [
    [flipped, 'checkpoint.damaged'],
    [bytes.slice(0, -8), 'checkpoint.damaged'],
    [stranger.files.get(snapshotName) ?? bytes, 'checkpoint.other-run'],
  ] as const) {
    const node = open(new Map([...files, [snapshotName, bad]]));
    const work = await node.start();
    work.settle();
    expect(node.all('round-lost')).toEqual([{ event: 'round-lost', reason }]);
    expect(await node.train(work, 2, second)).toEqual(made);
    expect(node.all('round-resumed')).toEqual([]);
  }
});

test('no step is contributed twice: once a contribution is saved, a snapshot of its round is void', async () => {
  const { files } = await killed(1);
  const snapshot = files.get(snapshotName) ?? new Uint8Array();
  const node = open(files);
  const made = await node.train(await node.start(), 1, first);
  // The process died after it had saved its contribution, and before the snapshot was removed.
  const again = open(new Map([...node.files, [snapshotName, snapshot]]));
  const work = await again.start();
  expect(work.made(made?.payload ?? '')).toEqual(made);
  expect(await again.train(work, 1, first)).not.toEqual(made);
  expect(again.all('round-resumed')).toEqual([]);
  expect(again.all('round-returned')).toEqual([]);
});

test('a snapshot that cannot be stored is said, and the round goes on', async () => {
  const node = open();
  const { files } = node.runtime;
  const { write } = files;
  files.write = async (name, bytes) => {
    if (name !== snapshotName) return write(name, bytes);
    throw new TapestryError('disk.full', 'No space is left.', 'Free some.');
  };
  expect(await node.train(await node.start(), 1, first)).toEqual(await uninterrupted(1));
  const failed = node.all('snapshot-failed');
  expect(failed.length).toBeGreaterThan(1);
  expect(failed[0]).toEqual({ event: 'snapshot-failed', round: 1, reason: 'disk.full' });
});
