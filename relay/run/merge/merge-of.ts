import type { WholeManifest } from '../../wire/frames.ts';
import { CentredClipping } from './centred-clipping.ts';
import { Dare } from './dare.ts';
import { MedianNorm } from './median-norm.ts';
import type { Merge } from './merge.ts';
import { RobustMean } from './robust-mean.ts';
import { Soup } from './soup.ts';
import { Ties } from './ties.ts';
import { TrimmedMean } from './trimmed-mean.ts';
import { WeightedMean } from './weighted-mean.ts';

/** The merge rule that a manifest chooses. */
export function mergeOf({ merge, model: { parameters } }: Pick<WholeManifest, 'merge' | 'model'>): Merge {
  switch (merge.case) {
    case 'weightedMean':
      return new WeightedMean(parameters);
    case 'robustMean':
      return new RobustMean(parameters, merge.value);
    case 'medianNorm':
      return new MedianNorm(merge.value);
    case 'trimmedMean':
      return new TrimmedMean(parameters, merge.value);
    case 'centredClipping':
      return new CentredClipping(parameters, merge.value);
    case 'soup':
      return new Soup(parameters);
    case 'ties':
      return new Ties(parameters, merge.value);
    case 'dare':
      return new Dare(parameters, merge.value);
  }
}
