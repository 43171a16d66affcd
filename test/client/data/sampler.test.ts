import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ignoredTarget } from '../../../client/data/batch.ts';
import { heldOutBatches, Sampler } from '../../../client/data/sampler.ts';

const counting = (length: number) => Uint16Array.from({ length }, (_, i) => i);
const shape = fc.record({ batch: fc.integer({ min: 1, max: 4 }), sequence: fc.integer({ min: 1, max: 9 }) });

test('each row is a window of the stream, its targets one token on', () => {
  fc.assert(
    fc.property(shape, fc.integer({ min: 1, max: 30 }), fc.integer(), ({ batch, sequence }, more, seed) => {
      const tokens = counting(sequence + more);
      const { inputs, targets } = new Sampler(tokens, { batch, sequence }, seed).next();
      expect(inputs).toHaveLength(batch * sequence);
      for (let row = 0; row < batch; row++) {
        const start = inputs[row * sequence] ?? -1;
        expect([...inputs.subarray(row * sequence, (row + 1) * sequence)]).toEqual([
          ...tokens.subarray(start, start + sequence),
        ]);
        expect([...targets.subarray(row * sequence, (row + 1) * sequence)]).toEqual([
          ...tokens.subarray(start + 1, start + 1 + sequence),
        ]);
        expect(start + sequence).toBeLessThan(tokens.length);
      }
    }),
  );
});

test('starts are uniform over every place where a window fits', () => {
  const sampler = new Sampler(counting(20), { batch: 1, sequence: 10 }, 7);
  const drawn = new Array<number>(10).fill(0);
  for (let i = 0; i < 5000; i++) {
    const start = sampler.next().inputs[0] ?? -1;
    drawn[start] = (drawn[start] ?? 0) + 1;
  }
  // Chi-squared with nine degrees of freedom: above 27.9 once in a thousand seeds.
  expect(drawn.reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0)).toBeLessThan(27.9);
});

test('same seed, same batches; another seed, others', () => {
  const batches = (seed: number) => {
    const sampler = new Sampler(counting(1000), { batch: 2, sequence: 8 }, seed);
    return [sampler.next(), sampler.next()];
  };
  expect(batches(1)).toEqual(batches(1));
  expect(batches(1)).not.toEqual(batches(2));
});

test('saved after any number of batches, it goes on exactly where it was', () => {
  fc.assert(
    fc.property(shape, fc.nat({ max: 20 }), fc.integer(), (batchShape, before, seed) => {
      const tokens = counting(50);
      const uninterrupted = new Sampler(tokens, batchShape, seed);
      for (let i = 0; i < before; i++) uninterrupted.next();
      const saved = JSON.stringify(uninterrupted.save());
      const resumed = new Sampler(tokens.slice(), batchShape, seed + 1);
      resumed.restore(JSON.parse(saved));
      for (let i = 0; i < 5; i++) expect(resumed.next()).toEqual(uninterrupted.next());
    }),
  );
});

test('a place in other text, or of another shape, is refused', () => {
  const saved = new Sampler(counting(50), { batch: 2, sequence: 4 }, 1).save();
  const changed = counting(50);
  changed[49] = 0;
  const refused = expect.objectContaining({ code: 'sampler.changed' });
  expect(() => new Sampler(changed, { batch: 2, sequence: 4 }, 1).restore(saved)).toThrow(refused);
  expect(() => new Sampler(counting(50), { batch: 1, sequence: 4 }, 1).restore(saved)).toThrow(refused);
  expect(() => new Sampler(counting(50), { batch: 2, sequence: 5 }, 1).restore(saved)).toThrow(refused);
});

test('the hash is of the tokens, not of the buffer they are a part of', () => {
  const whole = counting(60);
  const saved = new Sampler(counting(50), { batch: 2, sequence: 4 }, 1).save();
  expect(new Sampler(whole.subarray(0, 50), { batch: 2, sequence: 4 }, 9).save().tokens).toBe(saved.tokens);
});

test('anything else than a saved place is refused', () => {
  const sampler = new Sampler(counting(50), { batch: 2, sequence: 4 }, 1);
  const refused = expect.objectContaining({ code: 'sampler.damaged' });
  expect(() => sampler.restore({ ...sampler.save(), random: [1, 2, 3] })).toThrow(refused);
  expect(() => sampler.restore({ ...sampler.save(), more: 1 })).toThrow(refused);
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(() => sampler.restore(value)).toThrow(refused);
    }),
  );
});

test('text shorter than a window is refused by name', () => {
  expect(() => new Sampler(counting(8), { batch: 1, sequence: 8 }, 1, 'notes.txt')).toThrow(
    expect.objectContaining({
      code: 'corpus.too-short',
      message: 'notes.txt has 8 tokens; one window of this run needs 9.',
    }),
  );
  expect(new Sampler(counting(9), { batch: 1, sequence: 8 }, 1).next().inputs[0]).toBe(0);
});

test('held-out batches count every token but the first exactly once', () => {
  fc.assert(
    fc.property(shape, fc.nat({ max: 100 }), (batchShape, length) => {
      const tokens = counting(length);
      const counted: number[] = [];
      for (const { inputs, targets } of heldOutBatches(tokens, batchShape)) {
        expect(inputs).toHaveLength(batchShape.batch * batchShape.sequence);
        targets.forEach((target, i) => {
          if (target === ignoredTarget) return;
          counted.push(target);
          expect(inputs[i]).toBe(target - 1);
        });
      }
      expect(counted).toEqual([...tokens.subarray(1)]);
    }),
  );
});

test('no more held-out batches than asked for, spread over the whole stream', () => {
  const batches = [...heldOutBatches(counting(1001), { batch: 2, sequence: 10 }, 5)];
  expect(batches).toHaveLength(5);
  const starts = batches.flatMap(({ inputs }) => [inputs[0], inputs[10]]);
  expect(starts).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
});
