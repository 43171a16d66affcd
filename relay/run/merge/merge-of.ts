import type { WholeManifest } from '../../wire/frames.ts';
import type { Merge } from './merge.ts';
import { RobustMean } from './robust-mean.ts';
import { WeightedMean } from './weighted-mean.ts';

/** The merge rule that a manifest chooses. */
export function mergeOf({ merge, model }: Pick<WholeManifest, 'merge' | 'model'>): Merge {
  switch (merge.case) {
    case 'weightedMean':
      return new WeightedMean(model.parameters);
    case 'robustMean':
      return new RobustMean(model.parameters, merge.value);
  }
}
