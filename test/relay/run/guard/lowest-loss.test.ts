import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LowestLoss } from '../../../../relay/run/guard/lowest-loss.ts';

test('the lowest of the newest losses', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 })),
      fc.integer({ min: 1, max: 6 }),
      (losses, rounds) => {
        const lowest = new LowestLoss(rounds);
        expect(lowest.value).toBe(null);
        for (const [i, loss] of losses.entries()) {
          lowest.add(loss);
          expect(lowest.value).toBe(Math.min(...losses.slice(Math.max(0, i + 1 - rounds), i + 1)));
        }
      },
    ),
  );
});
