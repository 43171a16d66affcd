import { expect, test } from 'vitest';
import { Random } from '../../../../client/random.ts';
import { mixedBase } from '../../../../relay/run/upstream/mixed-base.ts';

const random = Random.seeded(5);
const drawn = (length: number, scale: number) =>
  new Float32Array(length).map(() => Math.fround(random.normal() * scale));

test.each([1, 7, 70_001])('a mixed base of %i values is the one computed in float64', async (length) => {
  for (const weight of [1e-3, 0.25, 0.5, 1]) {
    const [upstream, sent] = [drawn(length, 1), drawn(length, 1)];
    const current = sent.map((value) => value + random.normal() / 10);
    const { base, reference } = await mixedBase(upstream, sent, current, weight);
    for (let i = 0; i < length; i += Math.ceil(length / 1000)) {
      const [u = 0, s = 0, c = 0, r = 0] = [upstream[i], sent[i], current[i], reference[i]];
      expect(Math.abs(r - ((1 - weight) * s + weight * u))).toBeLessThan(1e-6);
      // What was not sent yet is between the two: it goes up next, whole and once.
      expect(Math.abs((base[i] ?? 0) - r - (c - s))).toBeLessThan(1e-6);
      expect(base[i]).toBe(Math.fround(Math.fround(s + weight * (u - s)) + (c - s)));
    }
  }
});

test('with the whole weight and nothing that was not sent, the base is the upstream one, and its arguments stay', async () => {
  const [upstream, sent] = [drawn(4096, 1), drawn(4096, 1)];
  const before = [upstream.slice(), sent.slice()];
  const { base, reference } = await mixedBase(upstream, sent, sent.slice(), 1);
  expect(base).toEqual(reference);
  const distance = Math.max(...base.map((value, i) => Math.abs(value - (upstream[i] ?? 0))));
  expect(distance).toBeLessThan(1e-6);
  expect([upstream, sent]).toEqual(before);
});
