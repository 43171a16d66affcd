import type { NewRun } from '../../../../relay/run/run.ts';
import type { WholeManifest } from '../../../../relay/wire/frames.ts';
import { type CodecName, rangedSizes, sparseGrid, tensorSizes } from './delta-choices.ts';

type MergeDraft = NonNullable<NewRun['manifest']['merge']>;

/** The rules of a manifest by their names on the command line. docs/measured.md compares them. */
const rules = {
  robust: 'robustMean',
  mean: 'weightedMean',
  'median-norm': 'medianNorm',
  'trimmed-mean': 'trimmedMean',
  'centred-clipping': 'centredClipping',
  soup: 'soup',
  ties: 'ties',
  dare: 'dare',
} as const satisfies Readonly<Record<string, WholeManifest['merge']['case']>>;

export type MergeName = keyof typeof rules;

const isName = (name: string): name is MergeName => name in rules;

export const mergeNames: readonly MergeName[] = Object.keys(rules).filter(isName);

/** Honest nodes differ by less; docs/measured.md has what it costs without an attack. */
const normFactor = 1.25;

/** Covenant-72B's: each delta is scaled down to the median itself. */
const medianFactor = 1;

/** Three hostile nodes of ten are trimmed. */
const trim = 0.3;

/** Three iterations suffice in the paper once the centre is near. */
const clipping = { iterations: 3, radiusFactor: 1 };

/** TIES' paper (arXiv 2306.01708) merges models of other tasks with 0.2; deltas of one task lose more by it. */
const tiesDensity = 0.5;
const dareDensity = 0.5;

/** The most contributions of a round that the rule can take; as many as sums can hold unless it names fewer. */
export function mostMerged(name: MergeName): number {
  return name === 'trimmed-mean' ? 256 : Number.POSITIVE_INFINITY;
}

/** What a rule reads of a model's layout. */
interface Tensors {
  readonly tensors: readonly { readonly offset: number }[];
  readonly length: number;
}

/** The merge rule of a new run, as its manifest has it. `upperFrom`: where the upper layers that it grants begin; null if it grants none. */
export function mergeOf(
  name: MergeName,
  codec: CodecName,
  { tensors, length }: Tensors,
  upperFrom: number | null,
): MergeDraft {
  const starts = tensors.map(({ offset }) => offset);
  const sizes = () => {
    if (codec !== 'sparse') return tensorSizes(starts, length, 1);
    return upperFrom === null
      ? tensorSizes(starts, length, sparseGrid.chunk)
      : rangedSizes(starts, length, upperFrom, 2 * sparseGrid.chunk);
  };
  const rule = rules[name];
  switch (rule) {
    case 'weightedMean':
    case 'soup':
      return { case: rule, value: {} };
    case 'robustMean':
      return { case: rule, value: { tensors: sizes(), normFactor } };
    case 'medianNorm':
      return { case: rule, value: { tensors: sizes(), normFactor: medianFactor } };
    case 'trimmedMean':
      return { case: rule, value: { trim } };
    case 'centredClipping':
      return { case: rule, value: clipping };
    case 'ties':
      return { case: rule, value: { density: tiesDensity } };
    case 'dare':
      return { case: rule, value: { density: dareDensity } };
  }
}

/** The name of a manifest's rule. */
export function mergeNameOf({ merge }: Pick<WholeManifest, 'merge'>): MergeName {
  const found = mergeNames.find((name) => rules[name] === merge.case);
  if (found === undefined) throw new Error(`the merge rule ${merge.case} has no name`);
  return found;
}
