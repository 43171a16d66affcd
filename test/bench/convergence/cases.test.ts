import { expect, test } from 'vitest';
import {
  aloneCasesOf,
  casesOf,
  type Matrix,
  pacedCasesOf,
  stepsFor,
} from '../../../bench/convergence/cases.ts';

const matrix: Matrix = {
  ...{ strategies: ['muloco'], codecs: ['dense8', 'sparse'], outers: ['suited'], momenta: ['suited'] },
  ...{ rates: ['suited'], nodes: [1, 4], steps: [10, 30], dropped: [0, 30], pacings: ['timed', 'naive'] },
  ...{ downlinks: ['full'], texts: ['shakespeare'], seeds: 2 },
};

test('every combination is one case for each seed, and each codec has the outer step that suits it', () => {
  const cases = casesOf(matrix);
  expect(cases).toHaveLength(32);
  expect(new Set(cases.map((one) => JSON.stringify(one))).size).toBe(32);
  for (const { codec, outer } of cases) expect(outer).toBe(codec === 'sparse' ? 'annealed' : 'nesterov');
  expect(casesOf({ ...matrix, outers: ['constant'] }).every(({ outer }) => outer === 'constant')).toBe(true);
});

test('the codec is that of the strategy where none is chosen', () => {
  const suited = casesOf({
    ...matrix,
    codecs: ['suited'],
    strategies: ['streaming', 'sparseloco'],
    seeds: 1,
  });
  expect([...new Set(suited.map(({ strategy, codec }) => `${strategy} ${codec}`))]).toEqual([
    'streaming dense8',
    'sparseloco sparse',
  ]);
});

test('nodes of different speeds work together in each way, and every optimizer in use has a run alone', () => {
  expect(pacedCasesOf(matrix)).toHaveLength(8);
  expect(aloneCasesOf({ ...matrix, strategies: ['muloco', 'diloco', 'streaming'], seeds: 1 })).toEqual([
    { alone: 'muon', seed: 0 },
    { alone: 'adamw', seed: 0 },
  ]);
  expect(aloneCasesOf({ ...matrix, strategies: [] })).toEqual([
    { alone: 'adamw', seed: 0 },
    { alone: 'adamw', seed: 1 },
  ]);
});

test('a rate of the outer step is in the case only where one is chosen', () => {
  const cases = casesOf({ ...matrix, rates: ['suited', 1.5] });
  expect(cases.filter((one) => one.rate === 1.5)).toHaveLength(32);
  expect(cases.filter((one) => !('rate' in one))).toHaveLength(32);
});

test('each downlink is a case of its own', () => {
  const cases = casesOf({ ...matrix, downlinks: ['full', 'sparse'], strategies: ['diloco', 'streaming'] });
  expect(cases.filter(({ downlink }) => downlink === 'sparse')).toHaveLength(64);
  expect(new Set(cases.map((one) => JSON.stringify(one))).size).toBe(128);
});

test('nodes with a language family each, and with all of them, have one node on all of them beside them', () => {
  const skewed: Matrix = {
    ...matrix,
    texts: ['families', 'mixed'],
    codecs: ['dense8'],
    nodes: [4],
    steps: [30],
    dropped: [0],
    pacings: [],
    seeds: 1,
  };
  expect(casesOf(skewed).map(({ text }) => text)).toEqual(['families', 'mixed']);
  expect(aloneCasesOf(skewed)).toEqual([{ alone: 'muon', text: 'mixed', seed: 0 }]);
});

test('all cases have the same steps: at least the tokens, and whole rounds for each number of local steps', () => {
  expect(stepsFor(1_000_000, 1024, [10, 30, 100])).toBe(1200);
  expect(stepsFor(1024 * 300, 1024, [10, 30])).toBe(300);
  expect(stepsFor(1, 1024, [7])).toBe(7);
});
