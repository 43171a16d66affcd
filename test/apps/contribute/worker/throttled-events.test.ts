import { expect, test } from 'vitest';
import { paced } from '../../../../apps/contribute/worker/throttled-events.ts';
import type { WorkerEvent } from '../../../../apps/contribute/worker/worker-api.ts';

const step = (number: number): WorkerEvent => ({
  event: 'step',
  round: 1,
  step: number,
  steps: 50,
  tokens: number * 512,
  loss: 3,
  tokensPerSecond: 1,
});

test('only the latest of many step events passes, and never after a later event', () => {
  const seen: WorkerEvent[] = [];
  const due: (() => void)[] = [];
  const tell = paced(
    (event) => seen.push(event),
    (work) => due.push(work),
  );
  tell(step(1));
  tell(step(2));
  tell(step(3));
  expect(seen).toEqual([]);
  due.shift()?.();
  expect(seen).toEqual([step(3)]);
  tell(step(4));
  tell({ event: 'paused' });
  expect(seen).toEqual([step(3), step(4), { event: 'paused' }]);
  due.shift()?.();
  expect(seen).toHaveLength(3);
});
