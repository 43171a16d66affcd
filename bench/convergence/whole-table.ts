import { type Matrix, pacingNames, strategiesInRounds } from './cases.ts';

/** The values of each part of the table in docs/measured.md: of one run, one thing is changed at a time. */
export const nodeCounts = [1, 2, 4, 8] as const;
export const localSteps = [10, 30, 100] as const;
export const lossShares = [0, 10, 30, 50] as const;
export const encodings = ['dense32', 'dense8', 'dense4', 'dense2', 'statistical', 'sparse'] as const;
export const downlinks = ['full', 'dense4', 'entropy', 'statistical', 'sparse'] as const;
export const annealing = ['annealed', 'constant'] as const;
export const skewedTexts = ['families', 'mixed'] as const;

/** The run of which each part of the table changes one thing. */
export const usualMatrix: Matrix = {
  ...{
    strategies: ['diloco'],
    codecs: ['suited'],
    outers: ['suited'],
    momenta: ['suited'],
    rates: ['suited'],
  },
  ...{ nodes: [4], steps: [30], dropped: [0], downlinks: ['full'], texts: ['shakespeare'], pacings: [] },
};

/** Every part of the table, (a) to (h). */
export const wholeTable: readonly Matrix[] = [
  { ...usualMatrix, strategies: strategiesInRounds, nodes: nodeCounts },
  { ...usualMatrix, strategies: ['diloco', 'sparseloco'], steps: localSteps },
  { ...usualMatrix, dropped: lossShares },
  { ...usualMatrix, codecs: encodings },
  { ...usualMatrix, strategies: [], pacings: pacingNames },
  { ...usualMatrix, texts: skewedTexts },
  { ...usualMatrix, strategies: ['sparseloco'], outers: annealing },
  { ...usualMatrix, downlinks },
];
