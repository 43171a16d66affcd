import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeState,
  encodeState,
  type SavedState,
} from '../../../../client/contribute/round/saved-state.ts';
import { Sampler } from '../../../../client/data/sampler.ts';
import { WordTokens } from '../../../../client/data/tokens.ts';
import { decodeCheckpoint } from '../../../../client/train/checkpoint.ts';
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
const scaling = fc.record({
  lossScale: fc.constantFrom(1, 65_536),
  goodSteps: fc.nat(),
  firstWeight: fc.float({ min: 0, max: 1, noNaN: true }),
  secondWeight: fc.float({ min: 0, max: 1, noNaN: true }),
  appliedSteps: fc.nat(),
  skippedSteps: fc.nat(),
  stuckSteps: fc.nat(),
});
const wholeStates: fc.Arbitrary<SavedState> = fc.record({
  checkpoint: fc.record({
    state: fc
      .tuple(fc.nat(), vector, vector, fc.option(scaling, { nil: undefined }))
      .map(([step, firstMoment, secondMoment, known]) => ({
        ...{ step, firstMoment, secondMoment },
        ...(known && { scaling: known }),
      })),
    sampler: fc.constant(sampler.save()),
    kernels: fc.record({
      adapter: fc.string(),
      kernels: fc.constant({ 'adamw f32 4 0': { variant: 'flat', digest: '0123456789abcdef' } }),
    }),
  }),
  residual: vector,
  contribution: fc
    .record({
      round: fc.nat(),
      base: fc.constant('cd'.repeat(32)),
      payload: fc.constant('ef'.repeat(32)),
      steps: fc.nat(1000),
      tokens: fc.nat(1000),
      trainingLoss: loss,
      heldOutLoss: loss,
      part: fc.constantFrom(...partNames),
      bytes: fc.uint8Array({ maxLength: 40 }),
      residual: vector,
    })
    .map((facts) => ({ ...facts, payloadBytes: facts.bytes.length })),
  joinedAt: fc.option(fc.nat()),
  own: fc.option(vector),
});
/** The moments are of what the contribution is of. */
const states = wholeStates.map((state): SavedState => {
  if (state.contribution.part === 'whole') return state;
  const { firstMoment, secondMoment, ...rest } = state.checkpoint.state;
  const [first, second] = [firstMoment.slice(0, sizes.upper), secondMoment.slice(0, sizes.upper)];
  const moments = { firstMoment: first, secondMoment: second };
  return { ...state, checkpoint: { ...state.checkpoint, state: { ...rest, ...moments } } };
});
const refused = expect.objectContaining({ code: expect.stringMatching(/^checkpoint\./) });

test('a saved state is read back unchanged', async () => {
  await fc.assert(
    fc.asyncProperty(states, async (state) => {
      const bytes = await encodeState(run, state);
      expect(await decodeState(bytes, run, sizes)).toEqual(state);
    }),
  );
});

test('a file with any byte changed, cut off or added is refused', async () => {
  await fc.assert(
    fc.asyncProperty(states, fc.nat(), fc.integer({ min: 1, max: 255 }), async (state, at, change) => {
      const bytes = await encodeState(run, state);
      const flipped = bytes.slice();
      const place = at % bytes.length;
      flipped[place] = (flipped[place] ?? 0) ^ change;
      const longer = new Uint8Array(bytes.length + 1);
      longer.set(bytes);
      for (const bad of [flipped, bytes.slice(0, place), longer]) {
        await expect(decodeState(bad, run, sizes)).rejects.toThrow(refused);
      }
    }),
  );
});

test('random bytes are refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
      await expect(decodeState(bytes, run, sizes)).rejects.toThrow(refused);
    }),
  );
});

test('a state of another run, model, version or kind is refused by name, as are values that are not finite', async () => {
  const [state] = fc.sample(states, 1);
  if (state === undefined) throw new Error('no sample');
  const bytes = await encodeState(run, state);
  const codeOf = (code: string) => expect.objectContaining({ code: `checkpoint.${code}` });
  await expect(decodeState(bytes, 'ef'.repeat(32), sizes)).rejects.toThrow(codeOf('other-run'));
  await expect(decodeState(bytes, run, { parameters: 6, upper: 3 })).rejects.toThrow(/another model/);
  await expect(decodeCheckpoint(bytes, run)).rejects.toThrow(codeOf('damaged'));
  const text = Buffer.from(bytes).toString('latin1').replace('version":"3"', 'version":"4"');
  const later = new Uint8Array(Buffer.from(text, 'latin1'));
  await expect(decodeState(later, run, sizes)).rejects.toThrow(codeOf('version'));
  const residual = state.residual.map(() => Number.NaN);
  const bad = await encodeState(run, { ...state, residual });
  await expect(decodeState(bad, run, sizes)).rejects.toThrow(/not finite/);
});

test('moments of another part than the contribution, and a part that the run does not grant, are refused', async () => {
  const some = fc.sample(states, 40);
  for (const part of partNames) {
    const state = some.find(({ contribution }) => contribution.part === part);
    if (state === undefined) throw new Error('no sample');
    const other = part === 'whole' ? 'upper' : 'whole';
    const bytes = await encodeState(run, { ...state, contribution: { ...state.contribution, part: other } });
    await expect(decodeState(bytes, run, sizes)).rejects.toThrow(/another model/);
    const own = decodeState(await encodeState(run, state), run, { ...sizes, upper: null });
    if (part === 'whole') expect(await own).toEqual(state);
    else await expect(own).rejects.toThrow(/another model/);
  }
});
