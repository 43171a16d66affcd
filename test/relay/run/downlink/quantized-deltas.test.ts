import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../../../client/random.ts';
import { quantizedDeltas } from '../../../../relay/run/downlink/quantized-deltas.ts';
import { applyDelta } from '../../../../relay/wire/codec/apply-delta.ts';
import type { Codec } from '../../../../relay/wire/codec/codec.ts';
import { denseCodec } from '../../../../relay/wire/codec/dense.ts';
import { entropyCodec } from '../../../../relay/wire/codec/entropy.ts';
import { sparseCodec } from '../../../../relay/wire/codec/sparse.ts';
import { statisticalCodec } from '../../../../relay/wire/codec/statistical.ts';

const whole = { exponent: -20, clipNorm: Number.POSITIVE_INFINITY };
const codecs: Record<string, Codec> = {
  'dense, 8 bits': denseCodec({ ...whole, bits: 8, block: 10, maxShift: 12 }),
  'dense, 4 bits': denseCodec({ ...whole, bits: 4, block: 33, maxShift: 16 }),
  statistical: statisticalCodec({ ...whole, block: 40, maxShift: 12, feedbackDecay: 1 }),
  entropy: entropyCodec({ ...whole, block: 40, bytes: 16, maxShift: 12, feedbackDecay: 1 }),
  sparse: sparseCodec({ ...whole, chunk: 30, top: 6, maxShift: 12, feedbackDecay: 1 }),
};
const each = Object.entries(codecs);

/** Steps of an outer optimizer: the base that each would give, from the one that nodes have. */
function steps(seed: number) {
  const random = Random.seeded(seed);
  return (base: Float32Array) =>
    base.map((value) => value - (random.below(3) === 0 ? 0 : random.normal() / 100));
}

test.each(each)(
  '%s: a node that applies each delta has the bits of the relay, also where values are -0',
  async (_, codec) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 90 }), async (seed, parameters) => {
        const downlink = quantizedDeltas(codec);
        const step = steps(seed);
        let base = new Float32Array(parameters).map((_, i) => (i % 3 === 0 ? -0 : i / 7));
        let node = base.slice();
        let residual = new Float32Array(parameters);
        for (let round = 0; round < 4; round++) {
          const momentum = new Float32Array(parameters).fill(round);
          const { state, delta } = await downlink.publish(base, [step(base), momentum], [residual]);
          expect(state[1]).toBe(momentum);
          node = applyDelta(node, delta ?? new Uint8Array(), codec);
          [base, , residual] = [state[0] ?? base, momentum, state[2] ?? residual];
          expect(new Uint32Array(node.buffer)).toEqual(new Uint32Array(base.buffer));
        }
      }),
      { numRuns: 30 },
    );
  },
);

test.each(each)(
  '%s: the residual is what nodes still lack of all steps, and stays bounded',
  async (_, codec) => {
    const parameters = 120;
    const downlink = quantizedDeltas(codec);
    const step = steps(3);
    let base = new Float32Array(parameters);
    let residual = new Float32Array(parameters);
    const all = new Float64Array(parameters);
    for (let round = 0; round < 60; round++) {
      const target = step(base);
      for (let i = 0; i < parameters; i++) all[i] = (all[i] ?? 0) + (target[i] ?? 0) - (base[i] ?? 0);
      const { state } = await downlink.publish(base, [target], [residual]);
      [base, residual] = [state[0] ?? base, state[1] ?? residual];
      for (let i = 0; i < parameters; i++)
        expect((base[i] ?? 0) - (residual[i] ?? 0)).toBeCloseTo(all[i] ?? 0, 4);
    }
    // A single step has a tenth of this at most.
    expect(Math.max(...residual.map(Math.abs))).toBeLessThan(0.4);
  },
);

test('a vector of several slices gives the payload of the whole', async () => {
  const parameters = 40_000;
  const codec = statisticalCodec({ ...whole, block: 4096, maxShift: 12, feedbackDecay: 1 });
  const base = new Float32Array(parameters);
  const target = steps(5)(base);
  const { delta } = await quantizedDeltas(codec).publish(base, [target], [new Float32Array(parameters)]);
  const wanted = target.map((value) => 0 - value);
  expect(delta).toEqual(codec.encode(wanted, new Float32Array(parameters)));
});
