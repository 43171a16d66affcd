import type { WholeManifest } from '../../wire/frames.ts';
import type { Range } from '../ranges/ranges.ts';
import { CentredClipping } from './centred-clipping.ts';
import { Dare } from './dare.ts';
import { MedianNorm } from './median-norm.ts';
import type { Merge } from './merge.ts';
import { RobustMean } from './robust-mean.ts';
import { Soup } from './soup.ts';
import { Ties } from './ties.ts';
import { TrimmedMean } from './trimmed-mean.ts';
import { WeightedMean } from './weighted-mean.ts';

/** The merge rule that a manifest chooses, for deltas that have the values of a range. */
export function mergeOf(
  { merge }: Pick<WholeManifest, 'merge'>,
  { length, tensors }: Pick<Range, 'length' | 'tensors'>,
): Merge {
  switch (merge.case) {
    case 'weightedMean':
      return new WeightedMean(length);
    case 'robustMean':
      return new RobustMean(length, { ...merge.value, tensors: tensors(merge.value.tensors) });
    case 'medianNorm':
      return new MedianNorm({ ...merge.value, tensors: tensors(merge.value.tensors) });
    case 'trimmedMean':
      return new TrimmedMean(length, merge.value);
    case 'centredClipping':
      return new CentredClipping(length, merge.value);
    case 'soup':
      return new Soup(length);
    case 'ties':
      return new Ties(length, merge.value);
    case 'dare':
      return new Dare(length, merge.value);
  }
}
