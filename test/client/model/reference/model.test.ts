import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ignoredTarget } from '../../../../client/data/batch.ts';
import type { ModelConfig } from '../../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../../client/model/parameters.ts';
import { referenceAdamW } from '../../../../client/model/reference/adamw.ts';
import { referenceForward, referenceStep } from '../../../../client/model/reference/model.ts';
import { addScaled, at, dot } from '../../../../client/model/reference/vector.ts';
import { Random } from '../../../../client/random.ts';

const configs: fc.Arbitrary<ModelConfig> = fc
  .record({
    layers: fc.integer({ min: 1, max: 2 }),
    keyValueHeads: fc.integer({ min: 1, max: 2 }),
    group: fc.integer({ min: 1, max: 2 }),
    halfHead: fc.integer({ min: 1, max: 2 }),
    beyond: fc.integer({ min: 0, max: 2 }),
    feedForward: fc.integer({ min: 1, max: 7 }),
    tiedHead: fc.boolean(),
  })
  .map(({ layers, keyValueHeads, group, halfHead, beyond, feedForward, tiedHead }) => ({
    vocabularySize: 7,
    layers,
    dimension: keyValueHeads * group * halfHead * 2 + beyond,
    headSize: halfHead * 2,
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

/** A random direction of length 1. */
function randomDirection(size: number, random: Random): Float64Array {
  const values = Float64Array.from({ length: size }, () => random.normal());
  const length = Math.sqrt(dot(values, values));
  return values.map((value) => value / length);
}

/** The derivative of `loss` at 0, from four values around it: off by terms in the fourth power of the distance. */
function derivative(loss: (distance: number) => number): number {
  const h = 1e-4;
  return (8 * (loss(h) - loss(-h)) - (loss(2 * h) - loss(-2 * h))) / (12 * h);
}

interface Instance {
  readonly config: ModelConfig;
  readonly seed: number;
  readonly sequence: number;
}

/** With a single position there is no other to attend to. */
const instances: fc.Arbitrary<Instance> = fc.record({
  config: configs,
  seed: fc.nat(),
  sequence: fc.constantFrom(1, 2, 3, 5),
});

/** Two windows of which one target is ignored. */
function instantiate({ config, seed, sequence }: Instance) {
  const shape = { batch: 2, sequence };
  const random = Random.seeded(seed);
  const batch = randomBatch(config, shape, random);
  batch.targets[1] = ignoredTarget;
  const layout = layoutOf(config);
  return { config, layout, shape, random, batch, parameters: livelyParameters(config, seed) };
}

/** The slope along one direction by finite differences and by the gradient, whose length is `length`. */
function expectDerivative(name: string, numeric: number, analytic: number, length: number): void {
  expect(Math.abs(numeric - analytic), name).toBeLessThan(1e-6 * length + 1e-10);
}

test('the gradient of every tensor of the whole model agrees with finite differences', () => {
  fc.assert(
    fc.property(instances, (instance) => {
      const { config, layout, shape, random, batch, parameters } = instantiate(instance);
      const { gradient, rowLosses } = referenceStep(config, layout, parameters, batch, shape);
      expect(rowLosses.filter((loss) => loss === 0).length).toBe(1);
      for (const { name, offset, size } of layout.tensors) {
        const direction = randomDirection(size, random);
        const numeric = derivative((distance) => {
          const moved = parameters.slice();
          addScaled(moved.subarray(offset, offset + size), distance, direction);
          return referenceStep(config, layout, moved, batch, shape).loss;
        });
        const own = gradient.subarray(offset, offset + size);
        expectDerivative(name, numeric, dot(direction, own), Math.sqrt(dot(own, own)));
      }
    }),
    { numRuns: 20 },
  );
});

test('the gradients in the middle of the graph agree with finite differences', () => {
  fc.assert(
    fc.property(instances, (instance) => {
      const { config, layout, shape, random, batch, parameters } = instantiate(instance);
      const forward: string[] = [];
      const gradients = new Map<string, Float64Array>();
      referenceStep(config, layout, parameters, batch, shape, {
        forward: (name) => forward.push(name),
        backward: (name, gradient) => gradients.set(name, gradient.slice()),
      });
      expect(forward).toHaveLength(3 + 11 * config.layers);
      expect(new Set(gradients.keys())).toEqual(new Set(forward));
      for (const [name, gradient] of gradients) {
        const direction = randomDirection(gradient.length, random);
        const numeric = derivative((distance) => {
          const move = (at: string, activation: Float64Array) => {
            if (at === name) addScaled(activation, distance, direction);
          };
          return referenceStep(config, layout, parameters, batch, shape, { forward: move }).loss;
        });
        expectDerivative(name, numeric, dot(direction, gradient), Math.sqrt(dot(gradient, gradient)));
      }
    }),
    { numRuns: 20 },
  );
});

test('gaps of the layout have no gradient, and a later token does not change an earlier logit', () => {
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

test('the reference model overfits one batch', () => {
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
