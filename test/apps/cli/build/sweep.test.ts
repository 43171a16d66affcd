import { expect, test } from 'vitest';
import { bestOf } from '../../../../apps/cli/build/sweep.ts';

const variant = (name: string, figure: 'held-out rows' | 'reward', after: number | null) => ({
  name,
  record: {
    stages: [
      {
        ...{ kind: 'any', steps: 1, data: [], replay: [] },
        figures: [
          { name: figure, before: 1, after },
          { name: 'base text' as const, before: 1, after: name.length },
        ],
      },
    ],
  },
});

test('the best variant has the least loss, or the greatest reward; one that was not measured is never the best', () => {
  const variants = (figure: 'held-out rows' | 'reward') => [
    variant('a', figure, null),
    variant('b', figure, 0.5),
    variant('c', figure, 0.25),
    variant('d', figure, 0.75),
    variant('e', figure, 0.25),
  ];
  expect(bestOf(variants('held-out rows'))).toBe('c');
  expect(bestOf(variants('reward'))).toBe('d');
  expect(bestOf([variant('a', 'reward', null)])).toBe(null);
});
