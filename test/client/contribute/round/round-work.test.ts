import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DeltaProgram } from '../../../../client/contribute/encoding/delta-program.ts';
import { normOf } from '../../../../client/contribute/round/base-delta.ts';
import { returned } from '../../../../client/contribute/round/error-feedback.ts';
import type { Contribution } from '../../../../client/contribute/round/saved-state.ts';
import { tooSmall } from '../../../../client/gpu/device.ts';
import { initialParameters } from '../../../../client/model/parameters.ts';
import type { Codec } from '../../../../relay/wire/codec/codec.ts';
import { sparseCodec } from '../../../../relay/wire/codec/sparse.ts';
import { tinyTerms } from '../../../support/contribute/harness.ts';
import { RoundNode } from '../../../support/contribute/round-node.ts';
import { integersOf } from '../../../support/relay/integers.ts';
import { withoutGradient } from '../../../support/train/small-run.ts';
import { memoryFiles } from '../../../support/tuned-store.ts';

const { config, layout, run } = tinyTerms;
const never = new AbortController().signal;
const healthy = initialParameters(config, layout, 1);

let node: RoundNode;
beforeEach(() => {
  node = new RoundNode();
});
afterEach(() => node.close());

test('a node that restarts trains with the kernels of its saved state, even if others were tuned meanwhile', async () => {
  const through = await node.start();
  await node.train(through, 1, healthy);
  const saved = await node.store.load(tinyTerms);
  // The residual holds the rounding errors as 32-bit floats, so the comparison sees every bit.
  const second = await node.train(through, 2, healthy);
  if (saved === null) throw new Error('nothing was saved');

  await node.tune();
  await node.store.save(run, saved.state);
  expect(await node.train(await node.start(), 2, healthy)).toEqual(second);
  expect(node.changes()).toEqual([]);

  // After a change of adapter the node uses the tuned kernels, which give other bits.
  const { checkpoint } = saved.state;
  const kernels = { ...checkpoint.kernels, adapter: 'another' };
  await node.store.save(run, { ...saved.state, checkpoint: { ...checkpoint, kernels } });
  expect(await node.train(await node.start(), 2, healthy)).not.toEqual(second);
  expect(node.changes()).toEqual(['adapter']);
  // The state now holds this adapter's kernels, so nothing changes at the next start.
  await node.start();
  expect(node.changes()).toEqual(['adapter']);
});

test('the last base is measured as other bases are, unless the relay does not serve it or the person leaves', async () => {
  const work = await node.start();
  const made = await node.train(work, 1, healthy, 1);
  if (made === null) throw new Error('nothing was made');
  const last = () => node.events.filter(({ event }) => event === 'last-base');
  const ended = new AbortController();
  ended.abort();
  await work.measureLast({ round: 1, base: made.base }, ended.signal);
  await work.measureLast({ round: 1, base: 'ab'.repeat(32) }, never);
  expect(last()).toEqual([]);
  await work.measureLast({ round: 1, base: made.base }, never);
  const { base, heldOutLoss } = made;
  expect(last()).toEqual([{ event: 'last-base', round: 1, base, heldOutLoss }]);
});

test('a delta is no longer than the round allows', async () => {
  const work = await node.start();
  const normBound = 0.01;
  const made = await node.train(work, 1, healthy, tinyTerms.localSteps, normBound);
  const { codec } = tinyTerms;
  const integers = integersOf(codec, made?.bytes ?? new Uint8Array(), healthy.length);
  const norm = Math.sqrt(integers.reduce((sum, integer) => sum + integer * integer, 0)) * codec.unit;
  expect(norm).toBeLessThanOrEqual(normBound);
  expect(norm).toBeGreaterThan(normBound / 2);
});

test('with a sparse codec, work that does not count returns to the residual, also after a restart; work that counts leaves what was not sent', async () => {
  const codec = sparseCodec({
    ...{ chunk: 256, top: 4, exponent: -22, maxShift: 14 },
    ...{ clipNorm: 10, feedbackDecay: 0.95 },
  });
  const terms = { ...tinyTerms, codec };
  const residualOf = async () => (await node.store.load(terms))?.state.residual;
  const work = await node.start(terms);
  const first = await node.train(work, 1, healthy);
  if (first === null) throw new Error('nothing was made');
  const whole = returned({ payload: first.bytes, residual: first.residual }, codec);
  expect(whole).not.toEqual(first.residual);

  // Its process ends before the relay refuses the contribution, which the next process offers.
  const again = await node.start(terms);
  again.discard();
  again.discard();
  const second = await node.train(again, 2, healthy);
  expect(await residualOf()).toEqual(whole);

  await again.accept(null);
  again.settle();
  again.discard();
  await node.train(again, 3, healthy);
  expect(await residualOf()).toEqual(second?.residual);
});

test('on a graphics card, rounds that count and rounds that do not leave the bits of a node that encodes on its processor', async () => {
  const settings = { chunk: 256, top: 4, exponent: -22, maxShift: 14, clipNorm: 100, feedbackDecay: 0.95 };
  const { choice, ...without } = sparseCodec(settings);
  if (choice === undefined) throw new Error('the codec chooses nothing');
  // Both measure the same kernels.
  const runtime = { cache: memoryFiles() };
  const encode = vi.spyOn(DeltaProgram.prototype, 'encode');
  const rounds = async (codec: Codec) => {
    const card = new RoundNode({ runtime, adapter: { software: false } });
    const terms = { ...tinyTerms, codec };
    let work = await card.start(terms);
    const made: (Contribution | null)[] = [];
    for (const [i, fate] of ['settled', 'discarded', 'restarted', 'settled', 'settled'].entries()) {
      made.push(await card.train(work, i + 1, healthy));
      if (fate === 'settled') work.settle();
      else work.discard();
      if (fate === 'restarted') {
        work = await card.start(terms);
        work.discard();
      }
    }
    card.close();
    return made;
  };
  const made = await rounds({ ...without, choice });
  const encoded = await Promise.all(encode.mock.results.map(({ value }) => value));
  expect(encoded.map((one) => one?.payload)).toEqual(made.map((one) => one?.bytes));
  expect(made).toEqual(await rounds(without));
  expect(encode).toHaveBeenCalledTimes(made.length);
  encode.mockRestore();
});

test('a node whose graphics card cannot encode says so once', async () => {
  const settings = { chunk: 256, top: 4, exponent: -22, maxShift: 14, clipNorm: 100, feedbackDecay: 0.95 };
  const create = vi.spyOn(DeltaProgram, 'create').mockRejectedValue(tooSmall('the residual'));
  const card = new RoundNode({ adapter: { software: false } });
  const work = await card.start({ ...tinyTerms, codec: sparseCodec(settings) });
  for (const round of [1, 2]) {
    expect(await card.train(work, round, healthy, 2)).not.toBeNull();
    work.settle();
  }
  expect(card.all('encoding-on-processor')).toEqual([
    { event: 'encoding-on-processor', reason: 'device.too-small' },
  ]);
  card.close();
  create.mockRestore();
});

test.each([10, 40])(
  'a round of %i steps without a finite gradient contributes nothing, and the next round starts with a new state',
  async (steps) => {
    const work = await node.start();
    expect(await node.train(work, 1, healthy)).not.toBeNull();
    const kept = await node.store.load(tinyTerms);
    expect(kept?.state.checkpoint.state.step).toBe(40);
    expect(await node.train(work, 2, withoutGradient(layout, healthy), steps)).toBeNull();
    expect(work.training.start.state).toMatchObject({
      step: 0,
      firstMoment: new Float32Array(layout.length),
    });
    expect(work.training.start.state).not.toHaveProperty('scaling');
    expect(await node.store.load(tinyTerms)).toEqual(kept);
    expect(await node.train(work, 3, healthy)).not.toBeNull();
  },
);

test('a round that ends while it is trained returns its steps to the residual, and the next round trains on from them', async () => {
  const residualOf = async () => (await node.store.load(tinyTerms))?.state.residual ?? new Float32Array(0);
  const work = await node.start();
  expect(work.conclude()).toBe(false);
  const training = node.train(work, 1, healthy, 1_000_000);
  await expect.poll(() => node.events.some(({ event }) => event === 'step')).toBe(true);
  expect(work.conclude()).toBe(true);
  expect(await training).toBeNull();
  const { step } = work.training.start.state;
  expect(step).toBeGreaterThan(0);
  expect(step).toBeLessThan(1_000_000);

  const made = await node.train(work, 2, healthy);
  expect(made?.steps).toBe(tinyTerms.localSteps);
  expect(work.training.start.state.step).toBe(step + tinyTerms.localSteps);
  expect(normOf(await residualOf())).toBeGreaterThan(0.01);

  // Accepted work stays until it is final: offered again and refused, it returns.
  const payload = made?.payload ?? '';
  await work.accept(null);
  expect(work.made(payload)).not.toBeNull();
  work.settle();
  expect(work.made(payload)).toBeNull();
  await node.train(work, 3, healthy);
  expect(await residualOf()).toEqual(made?.residual);
});
