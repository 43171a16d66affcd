import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AnswerQueue } from '../../../../apps/cli/serve/answer-queue.ts';
import { seed } from '../../../support/seed.ts';

test('one request at a time, in the order of arrival; those that leave the queue give their place up', async () => {
  const scenario = fc.record({
    most: fc.integer({ min: 0, max: 4 }),
    requests: fc.array(fc.record({ leaves: fc.boolean() }), { maxLength: 8 }),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async ({ most, requests }) => {
      const queue = new AnswerQueue(most);
      const served: number[] = [];
      let [atOnce, refused, gone] = [0, 0, 0];
      const done = requests.map(async ({ leaves }, index) => {
        const closed = new AbortController();
        try {
          const entering = queue.enter(closed.signal);
          // The first request has its turn at once and is served whole.
          if (leaves && index > 0) closed.abort(new Error('gone'));
          const leave = await entering;
          expect(++atOnce).toBe(1);
          served.push(index);
          await new Promise((resolve) => setImmediate(resolve));
          atOnce--;
          leave();
          leave();
        } catch (error) {
          if (error instanceof Error && error.message === 'gone') gone++;
          else {
            expect(error).toMatchObject({ status: 429, code: 'queue_full' });
            refused++;
          }
        }
      });
      expect(queue.waiting).toBeLessThanOrEqual(most);
      await Promise.all(done);
      expect(served).toEqual([...served].sort((a, b) => a - b));
      expect(served.length + refused + gone).toBe(requests.length);
      expect(queue.waiting).toBe(0);
      // The queue serves on.
      (await queue.enter(new AbortController().signal))();
    }),
    { seed, numRuns: 100 },
  );
});
