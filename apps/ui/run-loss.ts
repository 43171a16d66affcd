import { mean } from '../../client/mean.ts';
import type { RelayStatus } from '../../relay/wire/status.ts';
import { messages } from './messages.ts';
import type { Chart, Series } from './series.ts';
import { dyes } from './weave.ts';

const dashes: readonly (readonly number[])[] = [[], [8, 4], [2, 4], [10, 4, 2, 4]];
const markers = ['circle', 'square', 'diamond', 'triangle'] as const;

/** The style of the line of the corpus with this index. Colours repeat after eight; pairs of dash and marker after sixteen. */
export function corpusLine(index: number): Pick<Series, 'colour' | 'dash' | 'marker'> {
  return {
    colour: `--dye-${index % dyes}`,
    dash: dashes[Math.floor(index / markers.length) % dashes.length] ?? [],
    marker: markers[index % markers.length] ?? 'circle',
  };
}

/** The loss over committed rounds: the training loss of all nodes, and each corpus's held-out loss of the round's base. */
export function lossOfRun(status: RelayStatus): Chart {
  const { history, run } = status;
  const heldOut = run.corpora.map((corpus, index) => ({
    ...corpusLine(index),
    label: corpus,
    values: history.map((row) => row.heldOutLoss[index] ?? null),
  }));
  return {
    x: history.map((row) => row.round),
    series: [
      {
        label: messages.loss.training,
        colour: '--ink',
        dash: [],
        marker: 'none' as const,
        values: history.map((row) => row.trainingLoss),
      },
      {
        label: messages.loss.probe,
        colour: '--ink',
        dash: [2, 4],
        marker: 'diamond' as const,
        values: history.map((row) => row.probeLoss),
      },
      ...heldOut,
    ].filter((line) => line.values.some((value) => value !== null)),
  };
}

/**
 * The mean held-out losses of the first and of the last round, over the corpora that nodes reported in both, so that the two
 * compare; NaN if there is none.
 */
export function heldOutMeans(history: RelayStatus['history']): readonly [first: number, last: number] {
  const [first, last] = [history[0]?.heldOutLoss ?? [], history.at(-1)?.heldOutLoss ?? []];
  const pairs = first.flatMap((before, corpus) => {
    const after = last[corpus] ?? null;
    return before === null || after === null ? [] : [{ before, after }];
  });
  return [mean(pairs.map(({ before }) => before)), mean(pairs.map(({ after }) => after))];
}
