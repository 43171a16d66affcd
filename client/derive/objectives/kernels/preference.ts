import type { Batch } from '../../../data/batch.ts';
import type { ExampleBatch, ExamplePlace } from '../../../data/example.ts';
import type { Objective } from '../../../train/objective.ts';
import {
  type Answer,
  hasReference,
  likelihoodWeight,
  type Pair,
  type PreferenceLoss,
  preferenceLoss,
  preferenceMetrics,
} from '../preference.ts';
import {
  byPart,
  countedRows,
  objectiveBatch,
  operationOf,
  packed,
  rowsIn,
  sumOf,
  type Words,
} from './rows.ts';

/** Bindings: losses (rows), weights (rows), values. */
export const preferenceSlopes = operationOf('preference', 'preference');

const kinds = [
  'dpo',
  'robust',
  'ipo',
  'hinge',
  'simpo',
  'orpo',
] as const satisfies readonly PreferenceLoss['kind'][];
const headerWords = 6;
const pairWords = 8;

/** The kernels of all preference losses. */
export const preferenceObjective: Objective = {
  name: 'preference',
  words: (shape) => headerWords + pairWords * rowsIn(shape),
  record: (program, shape, { losses, weights, values }) => {
    program.record(preferenceSlopes, { capacity: rowsIn(shape) }, { losses, weights, values });
  },
};

/** A sequence of a batch, and the sum of its log-probabilities by the reference; 0 if the loss has none. */
export interface PlacedAnswer {
  readonly place: ExamplePlace;
  readonly reference: number;
}

/** What the kernel reads, for the pairs of a part whose first row is `firstRow`; the shares are those of the whole step. */
export function preferenceWords(
  kind: PreferenceLoss,
  pairs: readonly Pair<PlacedAnswer & { readonly tokens: number }>[],
  firstRow: number,
  shares: { readonly pair: number; readonly token: number },
): Words {
  const strength = kind.kind === 'orpo' ? kind.lambda : kind.beta;
  const extra =
    kind.kind === 'simpo' ? kind.margin : 'labelSmoothing' in kind ? (kind.labelSmoothing ?? 0) : 0;
  const references = hasReference(kind) ? 1 : 0;
  return [
    ['u32', pairs.length],
    ['u32', kinds.indexOf(kind.kind)],
    ['f32', strength],
    ['f32', extra],
    ['f32', shares.pair],
    ['f32', likelihoodWeight(kind) * shares.token],
    ...pairs.flatMap(
      ({ chosen, rejected }): Words => [
        ['u32', chosen.place.first - firstRow],
        ['u32', chosen.place.end - firstRow],
        ['u32', rejected.place.first - firstRow],
        ['u32', rejected.place.end - firstRow],
        ['f32', chosen.tokens],
        ['f32', rejected.tokens],
        ['f32', references * chosen.reference],
        ['f32', references * rejected.reference],
      ],
    ),
  ];
}

/** The batch with a preference loss over pairs of its sequences, for a trainer with `preferenceObjective`. */
export function preferenceBatch(
  kind: PreferenceLoss,
  batch: ExampleBatch,
  pairs: readonly Pair<PlacedAnswer>[],
): Batch {
  const rowsOf = (answer: PlacedAnswer) => ({ ...answer, rows: countedRows(batch, answer.place) });
  const counted = pairs.map(({ chosen, rejected }) => ({
    chosen: rowsOf(chosen),
    rejected: rowsOf(rejected),
  }));
  const sized = counted.map(({ chosen, rejected }) => ({
    chosen: { ...chosen, tokens: chosen.rows.length },
    rejected: { ...rejected, tokens: rejected.rows.length },
  }));
  const tokens = sized.reduce((sum, { chosen }) => sum + chosen.tokens, 0);
  const shares = { pair: 1 / pairs.length, token: 1 / tokens };
  const placesOf = ({ chosen, rejected }: Pair<PlacedAnswer>) => [chosen.place, rejected.place];
  return objectiveBatch(
    batch,
    pairs.flatMap(placesOf),
    preferenceObjective.name,
    (parts) =>
      byPart(sized, placesOf, batch.targets.length, parts).map(({ firstRow, groups }) =>
        packed(preferenceWords(kind, groups, firstRow, shares)),
      ),
    (logProbabilities) => {
      const answer = ({ rows, reference }: (typeof counted)[number]['chosen']): Answer => ({
        logProbability: sumOf(logProbabilities, rows),
        tokens: rows.length,
        reference: hasReference(kind) ? reference : 0,
      });
      const answers = counted.map((pair) => ({
        chosen: answer(pair.chosen),
        rejected: answer(pair.rejected),
      }));
      return { loss: preferenceLoss(kind, answers).loss, metrics: preferenceMetrics(kind, answers) };
    },
  );
}
