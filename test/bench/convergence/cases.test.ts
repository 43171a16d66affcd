import { expect, test } from 'vitest';
import { type Case, type Matrix, runsOf, stepsFor } from '../../../bench/convergence/cases.ts';
import { usualMatrix, wholeTable } from '../../../bench/convergence/whole-table.ts';

const matrix: Matrix = {
  ...{ strategies: ['muloco'], codecs: ['dense8', 'sparse'], outers: ['suited'], momenta: ['suited'] },
  ...{ rates: ['suited'], nodes: [1, 4], steps: [10, 30], dropped: [0, 30], pacings: ['timed', 'naive'] },
  ...{ downlinks: ['full'], texts: ['shakespeare'] },
};
const casesOf = (change: Partial<Matrix>, seeds = 2): readonly Case[] =>
  runsOf([{ ...matrix, ...change }], seeds).together;

test('every combination is one case for each seed, and each codec has the outer step that suits it', () => {
  const cases = casesOf({});
  expect(cases).toHaveLength(32);
  expect(new Set(cases.map((one) => JSON.stringify(one))).size).toBe(32);
  for (const { codec, outer } of cases) expect(outer).toBe(codec === 'sparse' ? 'annealed' : 'nesterov');
  expect(casesOf({ outers: ['constant'] }).every(({ outer }) => outer === 'constant')).toBe(true);
});

test('the codec is that of the strategy where none is chosen', () => {
  const suited = casesOf({ codecs: ['suited'], strategies: ['streaming', 'sparseloco'] }, 1);
  expect([...new Set(suited.map(({ strategy, codec }) => `${strategy} ${codec}`))]).toEqual([
    'streaming dense8',
    'sparseloco sparse',
  ]);
});

test('nodes of different speeds work together in each way, and every optimizer in use has a run alone', () => {
  expect(runsOf([matrix], 2).paced).toHaveLength(8);
  expect(runsOf([{ ...matrix, strategies: ['muloco', 'diloco', 'streaming'] }], 1).alone).toEqual([
    { alone: 'muon', seed: 0 },
    { alone: 'adamw', seed: 0 },
  ]);
  expect(runsOf([{ ...matrix, strategies: [] }], 2).alone).toEqual([
    { alone: 'adamw', seed: 0 },
    { alone: 'adamw', seed: 1 },
  ]);
});

test('a rate of the outer step is in the case only where one is chosen', () => {
  const cases = casesOf({ rates: ['suited', 1.5] });
  expect(cases.filter((one) => one.rate === 1.5)).toHaveLength(32);
  expect(cases.filter((one) => !('rate' in one))).toHaveLength(32);
});

test('each downlink is a case of its own', () => {
  const cases = casesOf({ downlinks: ['full', 'sparse'], strategies: ['diloco', 'streaming'] });
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
  };
  const { together, alone } = runsOf([skewed], 1);
  expect(together.map(({ text }) => text)).toEqual(['families', 'mixed']);
  expect(alone).toEqual([{ alone: 'muon', text: 'mixed', seed: 0 }]);
});

test('all cases have the same steps: at least the tokens, and whole rounds for each number of local steps', () => {
  expect(stepsFor(1_000_000, 1024, [10, 30, 100])).toBe(1200);
  expect(stepsFor(1024 * 300, 1024, [10, 30])).toBe(300);
  expect(stepsFor(1, 1024, [7])).toBe(7);
});

test('the whole table changes one thing of the usual run at a time, and has each run once', () => {
  const { alone, together, paced } = runsOf(wholeTable, 2);
  expect(alone).toHaveLength(6);
  expect(paced).toHaveLength(10);
  expect(new Set(together.map((one) => JSON.stringify(one))).size).toBe(together.length);
  const [usual] = runsOf([usualMatrix], 1).together;
  expect(together.filter((one) => JSON.stringify(one) === JSON.stringify(usual))).toHaveLength(1);
  // 16 of nodes and strategies, 4 of local steps, 3 of losses, 5 of encodings, 2 of texts, 1 constant rate, 4 downlinks.
  expect(together).toHaveLength(2 * 35);
});
