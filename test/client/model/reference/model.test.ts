import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ignoredTarget } from '../../../../client/data/batch.ts';
import type { ModelConfig } from '../../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../../client/model/parameters.ts';
import { referenceAdamW } from '../../../../client/model/reference/adamw.ts';
import { referenceForward, referenceStep } from '../../../../client/model/reference/model.ts';
import { at } from '../../../../client/model/reference/vector.ts';
import { Random } from '../../../../client/random.ts';

const configs: fc.Arbitrary<ModelConfig> = fc
  .record({
    layers: fc.integer({ min: 1, max: 2 }),
    keyValueHeads: fc.integer({ min: 1, max: 2 }),
    group: fc.integer({ min: 1, max: 2 }),
    halfHead: fc.integer({ min: 1, max: 2 }),
    feedForward: fc.integer({ min: 1, max: 7 }),
    tiedHead: fc.boolean(),
  })
  .map(({ layers, keyValueHeads, group, halfHead, feedForward, tiedHead }) => ({
    vocabularySize: 7,
    layers,
    dimension: keyValueHeads * group * halfHead * 2,
    heads: keyValueHeads * group,
    keyValueHeads,
    feedForward,
    contextLength: 8,
    ropeTheta: 100,
    normEpsilon: 1e-3,
    tiedHead,
  }));

function randomBatch(config: ModelConfig, shape: { batch: number; sequence: number }, random: Random) {
  const tokens = () =>
    Uint32Array.from({ length: shape.batch * shape.sequence }, () => random.below(config.vocabularySize));
  return { inputs: tokens(), targets: tokens() };
}

/** Larger than at the start of training, so that attention and gates are far from even. */
function livelyParameters(config: ModelConfig, seed: number): Float64Array {
  const layout = layoutOf(config);
  const parameters = Float64Array.from(initialParameters(config, layout, seed));
  for (const { offset, size, decay } of layout.tensors) {
    for (let i = offset; i < offset + size; i++) parameters[i] = at(parameters, i) * (decay ? 25 : 1);
  }
  return parameters;
}

test('the gradient of the whole model agrees with finite differences', () => {
  fc.assert(
    fc.property(configs, fc.nat(), (config, seed) => {
      const layout = layoutOf(config);
      const shape = { batch: 2, sequence: 3 };
      const random = Random.seeded(seed);
      const parameters = livelyParameters(config, seed);
      const batch = randomBatch(config, shape, random);
      batch.targets[1] = ignoredTarget;
      const { gradient, tokens } = referenceStep(config, layout, parameters, batch, shape);
      expect(tokens).toBe(5);
      for (const { offset, size } of layout.tensors) {
        // One place a tensor, and its derivative along a random direction through the tensor.
        const direction = Float64Array.from({ length: size }, () => random.normal());
        const lossAt = (distance: number) => {
          const moved = parameters.slice();
          direction.forEach((d, i) => {
            moved[offset + i] = at(moved, offset + i) + distance * d;
          });
          return referenceStep(config, layout, moved, batch, shape).loss;
        };
        const numeric = (lossAt(1e-5) - lossAt(-1e-5)) / 2e-5;
        const analytic = direction.reduce((sum, d, i) => sum + d * at(gradient, offset + i), 0);
        expect(Math.abs(numeric - analytic)).toBeLessThan(1e-6 * (1 + Math.abs(analytic)));
      }
    }),
    { numRuns: 15 },
  );
});

test('gaps of the layout have no gradient, and a later token cannot reach an earlier logit', () => {
  fc.assert(
    fc.property(configs, fc.nat(), (config, seed) => {
      const layout = layoutOf(config);
      const shape = { batch: 1, sequence: 4 };
      const parameters = livelyParameters(config, seed);
      const { inputs, targets } = randomBatch(config, shape, Random.seeded(seed));
      const { gradient } = referenceStep(config, layout, parameters, { inputs, targets }, shape);
      for (const { offset, size } of layout.tensors) gradient.fill(0, offset, offset + size);
      expect(gradient.every((value) => value === 0)).toBe(true);

      const logits = referenceForward(config, layout, parameters, inputs, shape);
      inputs[3] = ((inputs[3] ?? 0) + 1) % config.vocabularySize;
      const others = referenceForward(config, layout, parameters, inputs, shape);
      const before = 3 * config.vocabularySize;
      expect(others.subarray(0, before)).toEqual(logits.subarray(0, before));
      expect(others.subarray(before)).not.toEqual(logits.subarray(before));
    }),
    { numRuns: 15 },
  );
});

test('a model learns one batch by heart', () => {
  const config: ModelConfig = {
    vocabularySize: 9,
    layers: 1,
    dimension: 16,
    heads: 4,
    keyValueHeads: 2,
    feedForward: 24,
    contextLength: 8,
    ropeTheta: 10_000,
    normEpsilon: 1e-5,
    tiedHead: true,
  };
  const layout = layoutOf(config);
  const shape = { batch: 2, sequence: 6 };
  const batch = {
    inputs: Uint32Array.of(8, 1, 2, 3, 2, 1, 6, 5, 2, 4, 2, 7),
    targets: Uint32Array.of(1, 2, 3, 2, 1, 0, 5, 2, 4, 2, 7, 0),
  };
  const state = {
    step: 0,
    parameters: Float64Array.from(initialParameters(config, layout, 1)),
    firstMoment: new Float64Array(layout.length),
    secondMoment: new Float64Array(layout.length),
  };
  const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 };
  const losses = Array.from({ length: 120 }, () => {
    const { loss, gradient } = referenceStep(config, layout, state.parameters, batch, shape);
    referenceAdamW(state, gradient, settings, 0.01, layout);
    return loss;
  });
  expect(losses[0]).toBeCloseTo(Math.log(9), 0);
  expect(losses.at(-1)).toBeLessThan(0.05);
});
