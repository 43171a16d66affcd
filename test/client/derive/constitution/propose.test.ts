import { expect, test } from 'vitest';
import { propose } from '../../../../client/derive/constitution/propose.ts';
import { Random } from '../../../../client/random.ts';

const options = { most: 5, leastGain: 0.01 };

/** Opinions that are right with a probability, on the share of the pairs that they are about. */
function opinions(random: Random, count: number, right: number, about: (index: number) => boolean): number[] {
  return Array.from({ length: count }, (_, index) =>
    about(index) ? (random.uniform() < right ? 1 : -1) : 0,
  );
}

test('principles that complete each other are found among others, with their accuracy on held-out pairs', () => {
  const random = Random.seeded(5);
  const candidate = (id: string, right: number, about: (index: number) => boolean) => ({
    id,
    train: opinions(random, 400, right, about),
    heldOut: opinions(random, 400, right, about),
  });
  const candidates = [
    candidate('chance', 0.5, () => true),
    candidate('first half', 0.95, (index) => index % 2 === 0),
    candidate('second half', 0.9, (index) => index % 2 === 1),
    candidate('wrong', 0.1, () => true),
    candidate('silent', 1, () => false),
  ];
  const { chosen, candidates: alone } = propose(candidates, options);
  expect(chosen.map(({ id }) => id)).toEqual(['first half', 'second half']);
  expect(chosen[0]?.accuracy).toBeCloseTo(0.725, 1);
  expect(chosen[0]?.coverage).toBe(0.5);
  expect(chosen[1]?.set.accuracy).toBeGreaterThan(0.88);
  expect(chosen[1]?.set.coverage).toBe(1);
  expect(alone.at(-1)).toMatchObject({ id: 'wrong' });
  expect(alone.find(({ id }) => id === 'silent')).toMatchObject({ accuracy: 0.5, coverage: 0 });
});

test('a principle that only fits the pairs it was chosen on shows that on held-out pairs', () => {
  const random = Random.seeded(6);
  const lucky = { id: 'lucky', train: [1, 1, 1, 1, 1, 1], heldOut: opinions(random, 200, 0.5, () => true) };
  const [only] = propose([lucky], options).chosen;
  expect(only?.setTrain.accuracy).toBe(1);
  expect(Math.abs((only?.set.accuracy ?? 0) - 0.5)).toBeLessThan(0.12);
});

test('no principle is taken where none explains anything', () => {
  expect(propose([{ id: 'wrong', train: [-1, -1], heldOut: [-1] }], options).chosen).toEqual([]);
  expect(propose([], options).chosen).toEqual([]);
});
