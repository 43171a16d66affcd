import { expect, test } from 'vitest';
import { Random } from '../../../../client/random.ts';
import { copiesIn } from '../../../../relay/run/quality/copies.ts';

const length = 500;
const random = Random.seeded(3);
const noise = (scale = 1) => new Float64Array(length).map(() => scale * random.normal());
const plus = (...parts: Float64Array[]) =>
  new Float64Array(length).map((_, i) => parts.reduce((sum, part) => sum + (part[i] ?? 0), 0));
const times = (part: Float64Array, factor: number) => part.map((value) => value * factor);
const found = (...sketches: Float64Array[]) => copiesIn(sketches, 0.9);

test('independent work is no copy, however much all of it has in common', async () => {
  const shared = noise(20);
  expect(await found(...Array.from({ length: 6 }, () => plus(shared, noise())))).toEqual([]);
});

test('two nodes with the same text have something in common that the others have not, and are no copies', async () => {
  const [shared, text] = [noise(2), noise(1.5)];
  const twins = [plus(shared, text, noise()), plus(shared, text, noise())];
  expect(await found(...twins, plus(shared, noise()), plus(shared, noise()))).toEqual([]);
});

test('the later one of a delta and its copy is found, also if it is scaled or noise is added', async () => {
  const shared = noise(2);
  const [one, two, three, four] = [noise(), noise(), noise(), noise()].map((own) => plus(shared, own));
  if (!one || !two || !three || !four) throw new Error('no deltas');
  expect(await found(one, two, three, four, one)).toEqual([4]);
  expect(await found(one, times(one, 0.2), two, three, four)).toEqual([1]);
  expect(await found(one, two, plus(times(one, 3), noise(0.5)), three, four)).toEqual([2]);
  expect(await found(one, one, one, two, three)).toEqual([1, 2]);
  // What points the other way is no copy.
  expect(await found(one, two, three, four, times(one, -1))).toEqual([]);
});

test('of two contributions nobody can say what they have in common, and zeros are like nothing', async () => {
  const one = noise();
  const zeros = new Float64Array(length);
  expect(await found(one, one)).toEqual([]);
  expect(await found(zeros, zeros, zeros)).toEqual([]);
  expect(await copiesIn([one, one, noise()], 1)).toEqual([]);
});
