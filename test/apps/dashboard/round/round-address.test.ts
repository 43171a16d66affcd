import { expect, test } from 'vitest';
import { roundOf, withRound } from '../../../../apps/dashboard/round/round-address.ts';

test('a fragment names a round beside all else that it holds', () => {
  expect(withRound('#token=a+b', 12)).toBe('#token=a+b&round=12');
  expect(withRound('#round=3&token=a', 4)).toBe('#round=4&token=a');
  expect(withRound('#round=3&token=a', null)).toBe('#token=a');
  expect(withRound('#round=3', null)).toBe('');
  expect(roundOf(withRound('', 7))).toBe(7);
  for (const none of [
    '',
    '#',
    '#round=',
    '#round=0',
    '#round=-1',
    '#round=1e3',
    '#round=12345678901',
    '#around=3',
  ])
    expect(roundOf(none), none).toBeNull();
});
