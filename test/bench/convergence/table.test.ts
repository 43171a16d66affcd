import { expect, test } from 'vitest';
import { usual } from '../../../bench/convergence/table/cells.ts';
import { areEqual, ascends } from '../../../bench/convergence/table/order.ts';
import { tablesOf } from '../../../bench/convergence/table/tables.ts';
import type { Line } from '../../../bench/records.ts';

const setting = { totalSteps: 1200, wholeBatch: 16, sequence: 64 };
const ran = { seconds: 1, adapter: 'llvmpipe', parameters: 800_384 };
const sent = { rounds: 40, payloadBytes: 803_511, bitsUp: 8.031 };

function together(change: Parameters<typeof usual>[1], seed: number, loss: number): Line {
  return { case: { ...usual('diloco', change), seed, ...setting }, result: { ...ran, ...sent, loss } };
}

function alone(seed: number, loss: number): Line {
  return { case: { alone: 'adamw', seed, ...setting }, result: { ...ran, loss } };
}

const lines: Line[] = [
  alone(0, 2),
  alone(1, 4),
  together({}, 0, 2.2),
  together({}, 1, 4.2),
  together({ nodes: 8 }, 0, 2.1),
  together({ dropped: 30 }, 0, 2.6),
];

test('a case is one row: the mean of its seeds, their range, and the paper beside it; the order is judged', () => {
  const text = tablesOf(lines);
  expect(text).toContain('### 1,228,800 tokens in 1200 steps, 800,384 parameters');
  expect(text).toContain('One node: adamw 3.0000 (2 seeds). llvmpipe.');
  expect(text).toContain(
    '| diloco M=4 | 40 | 803,511 | 8.031 | 3.2000 | +7.5% (+5.0% to +10.0%) | 2 | +2.0%; +3 to +11% extrapolated to 1M |',
  );
  expect(text).toContain('does not hold for diloco M=4 and diloco M=8 (without diloco M=1, diloco M=2)');
  expect(text).toContain('| 30% lost | 40 | 803,511 | 8.031 | 2.6000 | +30.0% | 1 |');
  // No record is of them.
  for (const title of ['(e)', '(f)', '(g)']) expect(text).not.toContain(title);
});

test('an outer step that was tried is shown beside the usual one', () => {
  const text = tablesOf([
    ...lines,
    together({ rate: 0.5, momentum: 0.9 }, 0, 2.1),
    together({ rate: 1 }, 0, 2.3),
  ]);
  expect(text).toContain('| diloco M=4 H=30, nesterov | 0.5 | 0.9 | 2.1000 | +5.0% | +7.5% | 1 |');
  expect(text).toContain('| diloco M=4 H=30, nesterov | 1 | usual | 2.3000 | +15.0% | +7.5% | 1 |');
});

test('nodes with a family each are shown by the loss on each family', () => {
  const losses = { Romance: 1, Bantu: 2, Turkic: 3, Sinitic: 4 };
  const text = tablesOf([
    { case: { alone: 'adamw', text: 'mixed', seed: 0, ...setting }, result: { ...ran, loss: 2, losses } },
    {
      case: { ...usual('diloco', { text: 'families' }), seed: 0, ...setting },
      result: { ...ran, ...sent, loss: 2.5, losses },
    },
  ]);
  expect(text).toContain('| diloco, families | 1.000 | 2.000 | 3.000 | 4.000 | 2.5000 | +25.0% | 1 |');
  expect(text).not.toContain('(a)');
});

test('paces are shown with their virtual time', () => {
  const paced = { ...ran, time: 30, commits: 10, shares: [1, 1, 1, 1] };
  const of = (pacing: string, seed: number, loss: number): Line => ({
    case: { pacing, steps: 30, seed, ...setting },
    result: { ...paced, loss },
  });
  const text = tablesOf([
    ...[alone(0, 2), alone(1, 4)],
    ...[of('naive', 0, 2.2), of('naive', 1, 4.8), of('delayed', 0, 2.1)],
  ]);
  expect(text).toContain('(e) Four nodes, 1 to 8 times as fast');
  expect(text).toContain(
    '| 30 | naive | 3.5000 | +15.0% (+10.0% to +20.0%) | 30 | 10 | 2 | perplexity 44.27 |',
  );
  expect(text).toContain('| 30 | delayed | 2.1000 | +5.0% | 30 | 10 | 1 |');
  expect(text).toContain('H=30: delayed <= fixed <= naive: holds (without fixed)');
});

test('a record of no known kind is refused', () => {
  expect(() => tablesOf([{ case: { what: 1 }, result: {} }])).toThrow();
});

test('orders hold or not, by what is measured', () => {
  const [one, other, none] = [
    { name: 'a', loss: 1 },
    { name: 'b', loss: 1.002 },
    { name: 'c', loss: undefined },
  ];
  expect(ascends([one, other, none])).toBe('a <= b <= c: holds (without c)');
  expect(ascends([other, one])).toBe('b <= a: does not hold for b and a');
  expect(areEqual([other, one])).toBe('b = a: holds');
  expect(ascends([one, none])).toBe('a <= c: not measured');
});
