import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeState, encodeState, type SavedState } from '../../../client/contribute/state.ts';
import { Sampler } from '../../../client/data/sampler.ts';

const run = 'ab'.repeat(32);
const parameters = 5;
const sampler = new Sampler(new Uint16Array(64), { batch: 1, sequence: 8 }, 3);
const vector = fc.float32Array({
  minLength: parameters,
  maxLength: parameters,
  noNaN: true,
  noDefaultInfinity: true,
});
const loss = fc.float({ min: 0, max: 1000, noNaN: true });
const states: fc.Arbitrary<SavedState> = fc.record({
  step: fc.nat(),
  scaling: fc.record({
    lossScale: fc.constantFrom(1, 1024),
    goodSteps: fc.nat(),
    firstWeight: fc.float({ min: 0, max: 1, noNaN: true }),
    secondWeight: fc.float({ min: 0, max: 1, noNaN: true }),
    appliedSteps: fc.nat(),
    skippedSteps: fc.nat(),
    stuckSteps: fc.nat(),
  }),
  firstMoment: vector,
  secondMoment: vector,
  sampler: fc.constant(sampler.save()),
  kernels: fc.option(
    fc.record({
      adapter: fc.string(),
      kernels: fc.constant({ 'adamw f32 4 0': { variant: 'flat', digest: '0123456789abcdef' } }),
    }),
  ),
  residual: vector,
  contribution: fc.record({
    round: fc.nat(),
    base: fc.constant('cd'.repeat(32)),
    steps: fc.nat(1000),
    tokens: fc.nat(1000),
    trainingLoss: loss,
    heldOutLoss: loss,
    payload: fc.uint8Array({ maxLength: 40 }),
    residual: vector,
  }),
});

test('a state comes back as it was', async () => {
  await fc.assert(
    fc.asyncProperty(states, async (state) => {
      const bytes = await encodeState(run, state);
      expect(await decodeState(bytes, run, parameters)).toEqual(state);
    }),
  );
});

test('any byte changed, cut off or added makes it unreadable', async () => {
  await fc.assert(
    fc.asyncProperty(states, fc.nat(), fc.integer({ min: 1, max: 255 }), async (state, at, change) => {
      const bytes = await encodeState(run, state);
      const flipped = bytes.slice();
      const place = at % bytes.length;
      flipped[place] = (flipped[place] ?? 0) ^ change;
      const longer = new Uint8Array(bytes.length + 1);
      longer.set(bytes);
      for (const bad of [flipped, bytes.slice(0, place), longer]) {
        await expect(decodeState(bad, run, parameters)).rejects.toMatchObject({ code: 'state.unreadable' });
      }
    }),
  );
});

test('random bytes end in a refusal', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
      await expect(decodeState(bytes, run, parameters)).rejects.toMatchObject({ code: 'state.unreadable' });
    }),
  );
});

test('a state of another run or model is told apart, and one with numbers that are not finite is refused', async () => {
  const [state] = fc.sample(states, 1);
  if (state === undefined) throw new Error('no sample');
  const bytes = await encodeState(run, state);
  await expect(decodeState(bytes, 'ef'.repeat(32), parameters)).rejects.toThrow(/another run/);
  await expect(decodeState(bytes, run, parameters + 1)).rejects.toThrow(/another model/);
  const bad = { ...state, firstMoment: state.firstMoment.map(() => Number.NaN) };
  await expect(decodeState(await encodeState(run, bad), run, parameters)).rejects.toThrow(/not finite/);
});

/** As version 2 wrote it: no count of stuck steps, no kernels. */
async function ofVersion2(state: SavedState): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await encodeState(run, state);
  const [view, scalingEnd] = [new DataView(bytes.buffer), 8 + 4 + 32 + 12 + 8 + 4 * 7];
  const newJson = bytes.length - 32 - view.getUint32(48, true);
  const json = new TextEncoder().encode(JSON.stringify(state.sampler));
  view.setUint32(8, 2, true);
  view.setUint32(48, json.length, true);
  const body = [bytes.subarray(0, scalingEnd - 4), bytes.subarray(scalingEnd, newJson), json];
  const all = new Uint8Array(await new Blob(body).arrayBuffer());
  return new Uint8Array(await new Blob([all, await crypto.subtle.digest('SHA-256', all)]).arrayBuffer());
}

test('a state of the version before is read: only its kernels are not known', async () => {
  await fc.assert(
    fc.asyncProperty(states, async (state) => {
      const scaling = { ...state.scaling, stuckSteps: 0 };
      const known = { ...state, scaling, kernels: null };
      expect(await decodeState(await ofVersion2(state), run, parameters)).toEqual(known);
    }),
    { numRuns: 20 },
  );
});
