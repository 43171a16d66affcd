import { expect, test } from 'vitest';
import { retryDelay } from '../../client/retry-delay.ts';

test('delays double up to the limit, and jitter takes off up to half', () => {
  const backoff = { firstMilliseconds: 500, lastMilliseconds: 15_000 };
  const delays = (jitter: number) => [1, 2, 4, 51].map((attempt) => retryDelay(backoff, attempt, jitter));
  expect(delays(1)).toEqual([500, 1_000, 4_000, 15_000]);
  expect(delays(0)).toEqual([250, 500, 2_000, 7_500]);
});
