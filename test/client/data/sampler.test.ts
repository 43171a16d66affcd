import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ignoredTarget } from '../../../client/data/batch.ts';
import { heldOutBatches, Sampler } from '../../../client/data/sampler.ts';
import { WordTokens } from '../../../client/data/tokens.ts';

/** Tokens of more than 16 bits, which show any truncation. */
const first = 70_000;
const words = (length: number) => Uint32Array.from({ length }, (_, i) => first + i);
const counting = (length: number) => WordTokens.of(words(length));
const shape = fc.record({ batch: fc.integer({ min: 1, max: 4 }), sequence: fc.integer({ min: 1, max: 9 }) });

test('each row is a window of the stream, and its targets are the window moved by one token', () => {
  fc.assert(
    fc.property(shape, fc.integer({ min: 1, max: 30 }), fc.integer(), ({ batch, sequence }, more, seed) => {
      const tokens = words(sequence + more);
      const { inputs, targets } = new Sampler(WordTokens.of(tokens), { batch, sequence }, seed).next();
      expect(inputs).toHaveLength(batch * sequence);
      for (let row = 0; row < batch; row++) {
        const start = (inputs[row * sequence] ?? -1) - first;
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
    const start = (sampler.next().inputs[0] ?? -1) - first;
    drawn[start] = (drawn[start] ?? 0) + 1;
  }
  // Chi-squared with nine degrees of freedom: above 27.9 once in a thousand seeds.
  expect(drawn.reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0)).toBeLessThan(27.9);
});

test('the same seed gives the same batches, and another seed gives others', () => {
  const batches = (seed: number) => {
    const sampler = new Sampler(counting(1000), { batch: 2, sequence: 8 }, seed);
    return [sampler.next(), sampler.next()];
  };
  expect(batches(1)).toEqual(batches(1));
  expect(batches(1)).not.toEqual(batches(2));
});

test('a sampler saved after any number of batches resumes exactly there', () => {
  fc.assert(
    fc.property(shape, fc.nat({ max: 20 }), fc.integer(), (batchShape, before, seed) => {
      const tokens = counting(50);
      const uninterrupted = new Sampler(tokens, batchShape, seed);
      for (let i = 0; i < before; i++) uninterrupted.next();
      const saved = JSON.stringify(uninterrupted.save());
      const resumed = new Sampler(counting(50), batchShape, seed + 1);
      resumed.restore(JSON.parse(saved));
      for (let i = 0; i < 5; i++) expect(resumed.next()).toEqual(uninterrupted.next());
    }),
  );
});

test('a position saved for another text or shape is refused', () => {
  const saved = new Sampler(counting(50), { batch: 2, sequence: 4 }, 1).save();
  const changed = WordTokens.of(words(50).with(49, 0));
  const refused = expect.objectContaining({ code: 'sampler.changed' });
  expect(() => new Sampler(changed, { batch: 2, sequence: 4 }, 1).restore(saved)).toThrow(refused);
  expect(() => new Sampler(counting(50), { batch: 1, sequence: 4 }, 1).restore(saved)).toThrow(refused);
  expect(() => new Sampler(counting(50), { batch: 2, sequence: 5 }, 1).restore(saved)).toThrow(refused);
});

test('the hash covers the tokens and not the rest of their buffer', () => {
  const whole = words(60);
  const saved = new Sampler(counting(50), { batch: 2, sequence: 4 }, 1).save();
  expect(new Sampler(WordTokens.of(whole.subarray(0, 50)), { batch: 2, sequence: 4 }, 9).save().tokens).toBe(
    saved.tokens,
  );
});

test('bytes that are not a saved position are refused', () => {
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

test('text shorter than a window is refused with its code', () => {
  expect(() => new Sampler(counting(8), { batch: 1, sequence: 8 }, 1, 'notes.txt')).toThrow(
    expect.objectContaining({
      code: 'corpus.too-short',
      message: 'notes.txt has 8 tokens to train on; one window of this run needs 9.',
    }),
  );
  expect(new Sampler(counting(9), { batch: 1, sequence: 8 }, 1).next().inputs[0]).toBe(first);
});

test('held-out batches count every token but the first exactly once', () => {
  fc.assert(
    fc.property(shape, fc.nat({ max: 100 }), (batchShape, length) => {
      const tokens = words(length);
      const counted: number[] = [];
      for (const { inputs, targets } of heldOutBatches(WordTokens.of(tokens), batchShape)) {
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

test('held-out batches are no more than asked for and are spread over the whole stream', () => {
  const batches = [...heldOutBatches(counting(1001), { batch: 2, sequence: 10 }, 5)];
  expect(batches).toHaveLength(5);
  const starts = batches.flatMap(({ inputs }) => [inputs[0], inputs[10]]).map((token = 0) => token - first);
  expect(starts).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
});
