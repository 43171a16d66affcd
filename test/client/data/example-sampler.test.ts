import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ignoredTarget } from '../../../client/data/batch.ts';
import {
  type Example,
  type ExampleBatch,
  fitExample,
  layExamples,
  targetsOf,
} from '../../../client/data/example.ts';
import { type ExampleLayout, ExampleSampler, exampleBatches } from '../../../client/data/example-sampler.ts';
import { packWindows } from '../../../client/data/packing.ts';
import { Random } from '../../../client/random.ts';

const sequence = 12;
const shape = { batch: 4, sequence };

/** Examples of 2 to 13 tokens, each with a target at its end. */
function someExamples(count: number, seed = 1): Example[] {
  const random = Random.seeded(seed);
  return Array.from({ length: count }, () => {
    const tokens = Uint32Array.from({ length: 2 + random.below(sequence) }, () => random.below(90_000));
    const carriesLoss = Uint8Array.from(tokens, () => random.below(2));
    carriesLoss[tokens.length - 1] = 1;
    return { tokens, carriesLoss };
  });
}

/** The examples that a batch holds, read from its rows alone. */
function heldBy({ inputs, targets, documents, places }: ExampleBatch): Map<number, unknown> {
  return new Map(
    places.map(({ example, first, end }) => {
      const rows = { inputs: inputs.slice(first, end), targets: targets.slice(first, end) };
      expect(documents.slice(first, end)).toEqual(new Uint32Array(end - first).fill(first % sequence));
      return [example, rows];
    }),
  );
}

function expected({ tokens, carriesLoss }: Example) {
  return {
    inputs: tokens.slice(0, -1),
    targets: tokens.slice(1).map((token, i) => (carriesLoss[i + 1] === 1 ? token : ignoredTarget)),
  };
}

const layouts: ExampleLayout[] = [
  { kind: 'packed' },
  { kind: 'padded', together: 1 },
  { kind: 'padded', together: 2 },
];

test.each(layouts)('every example comes once an epoch, whole and apart from the others: %o', (layout) => {
  const examples = someExamples(50);
  const sampler = new ExampleSampler(examples, shape, 3, layout);
  const orders: string[] = [];
  for (const epoch of [0, 1]) {
    expect(sampler.epoch).toBe(epoch);
    const held = new Map<number, unknown>();
    for (let left = sampler.batchesPerEpoch; left > 0; left--) {
      const batch = sampler.next();
      const own = heldBy(batch);
      if (layout.kind === 'padded' && layout.together === 2)
        for (const example of own.keys()) expect(own.has(example ^ 1)).toBe(true);
      expect([...own.keys()].filter((example) => held.has(example))).toEqual([]);
      for (const [example, rows] of own) held.set(example, rows);
      const counted = batch.targets.filter((target) => target !== ignoredTarget).length;
      const wanted = [...own.keys()].map((index) => examples[index]).filter((one) => one !== undefined);
      expect(counted).toBe(wanted.reduce((sum, example) => sum + targetsOf(example), 0));
    }
    expect(held.size).toBe(50);
    examples.forEach((example, index) => {
      expect(held.get(index)).toEqual(expected(example));
    });
    orders.push([...held.keys()].join());
  }
  expect(orders[0]).not.toBe(orders[1]);
  expect(sampler.epoch).toBe(2);
});

test.each(layouts)('a sampler saved after any number of batches resumes exactly there: %o', (layout) => {
  fc.assert(
    fc.property(fc.nat({ max: 30 }), fc.integer(), (before, seed) => {
      const uninterrupted = new ExampleSampler(someExamples(20), shape, seed, layout);
      for (let i = 0; i < before; i++) uninterrupted.next();
      const saved = JSON.stringify(uninterrupted.save());
      const resumed = new ExampleSampler(someExamples(20), shape, seed + 1, layout);
      resumed.restore(JSON.parse(saved));
      for (let i = 0; i < 8; i++) expect(resumed.next()).toEqual(uninterrupted.next());
    }),
    { numRuns: 20 },
  );
});

test('positions of other examples, layouts or shapes, and what is no position, are refused', () => {
  const saved = new ExampleSampler(someExamples(20), shape, 1).save();
  const changed = expect.objectContaining({ code: 'sampler.changed' });
  const other = { ...shape, batch: 2 };
  const samplers = [
    new ExampleSampler(someExamples(20, 2), shape, 1),
    new ExampleSampler(someExamples(20), shape, 1, { kind: 'padded', together: 1 }),
    new ExampleSampler(someExamples(20), other, 1),
  ];
  for (const sampler of samplers) expect(() => sampler.restore(saved)).toThrow(changed);
  const damaged = expect.objectContaining({ code: 'sampler.damaged' });
  const sampler = new ExampleSampler(someExamples(20), shape, 1);
  for (const wrong of [null, {}, { ...saved, given: -1 }, { ...saved, more: 1 }])
    expect(() => sampler.restore(wrong)).toThrow(damaged);
  const before = sampler.save();
  // The batch after an epoch's last would be empty.
  expect(() => sampler.restore({ ...saved, given: sampler.batchesPerEpoch })).toThrow(damaged);
  expect(sampler.save()).toEqual(before);
});

test('no examples, and pairs that a batch would part, are refused', () => {
  expect(() => new ExampleSampler([], shape, 1)).toThrow(expect.objectContaining({ code: 'examples.none' }));
  const pairs = { kind: 'padded', together: 2 } as const;
  const refused = expect.objectContaining({ code: 'examples.together' });
  expect(() => new ExampleSampler(someExamples(7), shape, 1, pairs)).toThrow(refused);
  expect(() => new ExampleSampler(someExamples(8), { batch: 3, sequence }, 1, pairs)).toThrow(refused);
});

test('packing keeps every item, exceeds no window, and wastes little', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 200 }), (lengths) => {
      const windows = packWindows(lengths, 40);
      expect(windows.flat().sort((a, b) => a - b)).toEqual([...lengths.keys()]);
      const sums = windows.map((items) => items.reduce((sum, item) => sum + (lengths[item] ?? 0), 0));
      for (const sum of sums) expect(sum).toBeLessThanOrEqual(40);
      // Best fit decreasing needs at most 11/9 of the fewest windows and 4 more (Johnson 1974).
      const fewest = Math.ceil(lengths.reduce((sum, length) => sum + length, 0) / 40);
      if (lengths.every((length) => length <= 10))
        expect(windows.length).toBeLessThanOrEqual((fewest * 11) / 9 + 4);
    }),
  );
  const random = Random.seeded(1);
  const lengths = Array.from({ length: 2000 }, () => 20 + random.below(60));
  const used = lengths.reduce((sum, length) => sum + length, 0);
  expect(used / (packWindows(lengths, 256).length * 256)).toBeGreaterThan(0.98);
});

test('an example is cut at its end, and dropped if no target is left', () => {
  const example = { tokens: Uint32Array.of(1, 2, 3, 4), carriesLoss: Uint8Array.of(0, 0, 1, 1) };
  expect(fitExample(example, 3)).toBe(example);
  expect(fitExample(example, 2)).toEqual({
    tokens: Uint32Array.of(1, 2, 3),
    carriesLoss: Uint8Array.of(0, 0, 1),
  });
  expect(fitExample(example, 1)).toBeNull();
  // Nothing predicts the first token.
  expect(fitExample({ tokens: Uint32Array.of(1, 2), carriesLoss: Uint8Array.of(1, 0) }, 9)).toBeNull();
  const uneven = { tokens: Uint32Array.of(1, 2), carriesLoss: Uint8Array.of(1) };
  expect(() => fitExample(uneven, 9)).toThrow(expect.objectContaining({ code: 'example.shape' }));
});

test('evaluation gives every example once, and a padded row attends only to itself', () => {
  const examples = someExamples(30);
  const batches = [...exampleBatches(examples, shape)];
  const held = batches.flatMap((batch) => [...heldBy(batch).keys()]);
  expect(held.sort((a, b) => a - b)).toEqual([...examples.keys()]);
  const { documents, targets } = layExamples(examples, [], { batch: 1, sequence: 3 });
  expect([...documents]).toEqual([0, 1, 2]);
  expect(targets.every((target) => target === ignoredTarget)).toBe(true);
});
