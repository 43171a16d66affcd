import { bytes, quantity } from '../../apps/cli/terminal/table.ts';
import type { Figures } from './summary.ts';

const heads = [
  '',
  'tokens/s',
  'x',
  'ms a step',
  'best',
  'processor',
  'dispatches',
  'submits',
  'first step',
  'process',
  'buffers',
  'loss',
];

/** The figures as aligned lines; `x` is how many times as fast the first contender is. */
export function stepTable(figures: readonly Figures[], ratios: Readonly<Record<string, number>>): string[] {
  const rows = figures.map((each) => [
    each.contender,
    quantity(each.tokensPerSecond),
    ratios[each.contender]?.toFixed(2) ?? '',
    each.msPerStep.toFixed(1),
    each.bestMsPerStep.toFixed(1),
    each.processorMsPerStep?.toFixed(1) ?? '-',
    each.dispatches === 0 ? '-' : each.dispatches.toFixed(0),
    each.submits === 0 ? '-' : each.submits.toFixed(0),
    `${each.firstStepSeconds.toFixed(2)} s`,
    each.peakBytes === null ? '-' : bytes(each.peakBytes),
    bytes(each.gpuBytes),
    `${each.firstLoss.toFixed(2)} > ${each.lastLoss.toFixed(2)}`,
  ]);
  const all = [heads, ...rows];
  const width = (column: number) => Math.max(...all.map((row) => row[column]?.length ?? 0));
  return all.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(width(column)) : cell.padStart(width(column))))
      .join('  '),
  );
}
