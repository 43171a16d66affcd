import { expect, test } from 'vitest';
import { QueueEstimate } from '../../../client/gpu/queue-estimate.ts';

test('the estimate learns the time of a dispatch and stays at the fastest seen recently', () => {
  let now = 0;
  const queue = new QueueEstimate(() => now);
  queue.submitted(10);
  now += 30_000; // the first work compiles its pipelines
  queue.drained();
  queue.submitted(10);
  expect(queue.remaining()).toBe(0);
  now += 100;
  queue.drained();
  queue.submitted(5);
  queue.submitted(5);
  expect(queue.remaining()).toBeCloseTo(80);
  now += 50;
  expect(queue.remaining()).toBeCloseTo(30);
  now += 10;
  queue.drained(); // 6 ms a dispatch
  queue.submitted(10);
  expect(queue.remaining()).toBeCloseTo(48);
  now += 1000; // the host was busy elsewhere; the estimate grows slowly
  expect(queue.remaining()).toBe(0);
  queue.drained();
  queue.submitted(10);
  expect(queue.remaining()).toBeCloseTo(52.8);
  now += 60;
  queue.drained();
  queue.drained();
  expect(queue.remaining()).toBe(0);
  queue.submitted(10);
  queue.forget();
  expect(queue.remaining()).toBe(0);
});
