import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeSnapshot,
  encodeSnapshot,
  type NodeSnapshot,
} from '../../../../client/contribute/round/node-snapshot.ts';
import { decodeState } from '../../../../client/contribute/round/saved-state.ts';
import { Sampler } from '../../../../client/data/sampler.ts';
import { WordTokens } from '../../../../client/data/tokens.ts';
import { partNames } from '../../../../relay/wire/fragments.ts';

const run = 'ab'.repeat(32);
const sizes = { parameters: 5, upper: 3 };
const { parameters } = sizes;
const sampler = new Sampler(WordTokens.of(new Uint32Array(64)), { batch: 1, sequence: 8 }, 3);
const vector = fc.float32Array({
  minLength: parameters,
  maxLength: parameters,
  noNaN: true,
  noDefaultInfinity: true,
});
const loss = fc.float({ min: 0, max: 1000, noNaN: true });
const reading = fc.record({ steps: fc.nat(), tokens: fc.nat(), trainingLoss: loss, tokensPerSecond: loss });
const common = {
  after: fc.option(fc.record({ round: fc.nat(), payload: fc.constant('cd'.repeat(32)), step: fc.nat() })),
  part: fc.constantFrom(...partNames),
  round: fc.nat(),
  joinedAt: fc.option(fc.nat()),
  checkpoint: fc.record({
    state: fc.record({
      step: fc.integer({ min: 100, max: 1000 }),
      firstMoment: vector,
      secondMoment: vector,
      scaling: fc.constant({
        ...{ lossScale: 1, goodSteps: 2, firstWeight: 0.5, secondWeight: 0.25 },
        ...{ appliedSteps: 3, skippedSteps: 0, stuckSteps: 0 },
      }),
    }),
    sampler: fc.constant(sampler.save()),
    kernels: fc.constant({ adapter: 'one', kernels: {} }),
  }),
  residual: vector,
};
const unfinished = fc.record({
  base: fc.constant('ef'.repeat(32)),
  parameters: vector,
  done: fc.record({
    steps: fc.integer({ min: 1, max: 100 }),
    readings: fc.array(reading, { minLength: 1, maxLength: 4 }),
    heldOutLoss: loss,
    updatesBefore: fc.nat(),
  }),
});
const snapshots: fc.Arbitrary<NodeSnapshot> = fc
  .oneof(
    fc.record({
      ...common,
      own: fc.option(fc.record({ round: fc.nat(), parameters: vector })),
      unfinished: fc.constant(null),
    }),
    fc.record({ ...common, own: fc.constant(null), unfinished }),
  )
  .map((snapshot) => {
    if (snapshot.part === 'whole') return snapshot;
    const { state } = snapshot.checkpoint;
    const [firstMoment, secondMoment] = [state.firstMoment.slice(0, 3), state.secondMoment.slice(0, 3)];
    return {
      ...snapshot,
      checkpoint: { ...snapshot.checkpoint, state: { ...state, firstMoment, secondMoment } },
    };
  });
const refused = expect.objectContaining({ code: expect.stringMatching(/^checkpoint\./) });

test('a snapshot is read back unchanged', async () => {
  await fc.assert(
    fc.asyncProperty(snapshots, async (snapshot) => {
      expect(await decodeSnapshot(await encodeSnapshot(run, snapshot), run, sizes)).toEqual(snapshot);
    }),
  );
});

test('of the own parameters of an unfinished round, which it replaces, the round is stored', async () => {
  const [place] = fc.sample(unfinished, 1);
  const [snapshot] = fc.sample(snapshots, 1);
  if (!place || !snapshot) throw new Error('no sample');
  const own = { round: 7, parameters: new Float32Array(parameters).fill(9) };
  const bytes = await encodeSnapshot(run, { ...snapshot, own, unfinished: place });
  expect((await decodeSnapshot(bytes, run, sizes)).own).toEqual({
    round: 7,
    parameters: place.parameters,
  });
});

test('a file with any byte changed, cut off or added is refused, as is that of another run, model or kind', async () => {
  await fc.assert(
    fc.asyncProperty(snapshots, fc.nat(), fc.integer({ min: 1, max: 255 }), async (snapshot, at, change) => {
      const bytes = await encodeSnapshot(run, snapshot);
      const flipped = bytes.slice();
      const place = at % bytes.length;
      flipped[place] = (flipped[place] ?? 0) ^ change;
      const longer = new Uint8Array(bytes.length + 1);
      longer.set(bytes);
      for (const bad of [flipped, bytes.slice(0, place), longer])
        await expect(decodeSnapshot(bad, run, sizes)).rejects.toThrow(refused);
    }),
  );
  const [snapshot] = fc.sample(snapshots, 1);
  if (!snapshot) throw new Error('no sample');
  const bytes = await encodeSnapshot(run, snapshot);
  await expect(decodeSnapshot(bytes, '00'.repeat(32), sizes)).rejects.toThrow(
    expect.objectContaining({ code: 'checkpoint.other-run' }),
  );
  await expect(decodeSnapshot(bytes, run, { parameters: 6, upper: 3 })).rejects.toThrow(/another model/);
  await expect(decodeState(bytes, run, sizes)).rejects.toThrow(/is no node-state/);
});

test('moments that are not as long as the part that it names are refused', async () => {
  for (const snapshot of fc.sample(snapshots, 20)) {
    const part = snapshot.part === 'whole' ? 'upper' : 'whole';
    const bytes = await encodeSnapshot(run, { ...snapshot, part });
    await expect(decodeSnapshot(bytes, run, sizes)).rejects.toThrow(/another model/);
  }
});
