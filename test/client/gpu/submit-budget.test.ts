import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SubmitBudget, submitMilliseconds } from '../../../client/gpu/submit-budget.ts';
import { Random } from '../../../client/random.ts';

/** A graphics card on which each dispatch has its own duration and completions are reported late. */
class Simulated {
  readonly budget: SubmitBudget;
  readonly #costs: number[];
  readonly #delay: () => number;
  #now = 0;
  /** Factor by which it is slower than at the start. */
  slowness = 1;

  constructor(costs: number[], bytes: number[], delay: () => number = () => 0) {
    this.#costs = costs;
    this.#delay = delay;
    this.budget = new SubmitBudget(bytes);
  }

  /** One step: the milliseconds of each of its submits. */
  step(): number[] {
    const ends = this.budget.split(0, this.#costs.length);
    const startedAt = this.#now;
    let from = 0;
    let toldAt = startedAt;
    const doneAt: number[] = [];
    const lengths = ends.map((end) => {
      const length = this.#costs.slice(from, end).reduce((sum, cost) => sum + cost, 0) * this.slowness;
      from = end;
      this.#now += length;
      // Completions are reported in order.
      toldAt = Math.max(toldAt, this.#now + this.#delay());
      doneAt.push(toldAt);
      return length;
    });
    this.#now = Math.max(this.#now, toldAt);
    this.budget.measured({ from: 0, ends, startedAt, doneAt });
    return lengths;
  }
}

const megabyte = 2 ** 20;

/** Dispatches of one program: their bytes, and real milliseconds that do not follow from the bytes. */
const dispatches = fc.array(
  fc.record({ megabytes: fc.integer({ min: 1, max: 400 }), milliseconds: fc.integer({ min: 2, max: 80 }) }),
  { minLength: 1, maxLength: 200 },
);

test('on a card of any speed, no submit is longer than the budget once the first steps are measured', () => {
  fc.assert(
    fc.property(dispatches, fc.double({ min: 0.51, max: 1, noNaN: true }), (program, speed) => {
      const costs = program.map(({ milliseconds }) => milliseconds * speed);
      const gpu = new Simulated(
        costs,
        program.map(({ megabytes }) => megabytes * megabyte),
      );
      for (let i = 0; i < 24; i++) gpu.step();
      for (let i = 0; i < 12; i++)
        for (const length of gpu.step()) expect(length).toBeLessThanOrEqual(submitMilliseconds * 1.001);
    }),
  );
});

test('a card that reports completions late keeps within twice the budget', () => {
  const random = Random.seeded(7);
  const costs = Array.from({ length: 300 }, () => 1 + 20 * random.uniform());
  const bytes = costs.map(() => (1 + random.below(40)) * megabyte);
  const gpu = new Simulated(costs, bytes, () => 20 * random.uniform());
  for (let i = 0; i < 12; i++) gpu.step();
  const lengths = Array.from({ length: 50 }, () => gpu.step()).flat();
  expect(Math.max(...lengths)).toBeLessThan(2 * submitMilliseconds);
  const total = costs.reduce((sum, cost) => sum + cost, 0);
  expect(lengths.length / 50).toBeLessThan((2 * total) / submitMilliseconds);
});

test('if completions are reported only every 100 ms, submits stay within three budgets', () => {
  const costs = Array.from({ length: 400 }, (_, i) => 1 + (i % 7));
  let now = 0;
  const budget = new SubmitBudget(costs.map(() => 20 * megabyte));
  let longest = 0;
  for (let step = 0; step < 30; step++) {
    const ends = budget.split(0, costs.length);
    const startedAt = now;
    let from = 0;
    const doneAt = ends.map((end) => {
      const length = costs.slice(from, end).reduce((sum, cost) => sum + cost, 0);
      from = end;
      now += length;
      if (step > 12) longest = Math.max(longest, length);
      return Math.ceil(now / 100) * 100;
    });
    now = doneAt.at(-1) ?? now;
    budget.measured({ from: 0, ends, startedAt, doneAt });
  }
  expect(longest).toBeLessThan(3 * submitMilliseconds);
});

test('submits fit the budget again one step after a card becomes three times slower', () => {
  const gpu = new Simulated(
    Array.from({ length: 100 }, () => 8),
    Array.from({ length: 100 }, () => 30 * megabyte),
  );
  for (let i = 0; i < 10; i++) gpu.step();
  expect(Math.max(...gpu.step())).toBeGreaterThan(0.8 * submitMilliseconds);
  gpu.slowness = 3;
  expect(Math.max(...gpu.step())).toBeLessThanOrEqual(3 * submitMilliseconds);
  expect(Math.max(...gpu.step())).toBeLessThanOrEqual(submitMilliseconds);
});

test('a small model is one submit from its first step on', () => {
  const budget = new SubmitBudget(Array.from({ length: 60 }, () => megabyte));
  expect(budget.split(0, 60)).toEqual([60]);
  expect(budget.split(0, 20)).toEqual([20]);
});

test('a large model on an unknown card begins with small submits, and grows', () => {
  const costs = Array.from({ length: 300 }, () => 0.5);
  const gpu = new Simulated(
    costs,
    costs.map(() => 50 * megabyte),
  );
  expect(gpu.step().length).toBeGreaterThan(100);
  for (let i = 0; i < 10; i++) gpu.step();
  expect(gpu.step().length).toBe(2);
});

test('a dispatch that is longer than the budget has a submit of its own', () => {
  const gpu = new Simulated([1, 300, 1, 1], [megabyte, megabyte, megabyte, megabyte]);
  for (let i = 0; i < 10; i++) gpu.step();
  expect(gpu.budget.split(0, 4)).toEqual([1, 2, 4]);
});
