import type { WholeManifest } from '../../wire/frames.ts';
import { bytesOf } from './dare.ts';

/** The most contributions of a round that `robust_mean` compares in pairs: a few seconds of work, between other tasks. */
const mostCompared = 4096;
/** The most contributions of a round whose values `trimmed_mean` sorts: a block of them is in memory at once. */
const mostSorted = 256;
/** Each iteration reads each payload twice. */
const mostIterations = 16;

/** Why a relay cannot run a manifest's merge rule; null if it can. */
export function mergeProblem({ merge, model, codec, limits, strategy }: WholeManifest): string | null {
  switch (merge.case) {
    case 'robustMean':
    case 'medianNorm': {
      const { tensors, normFactor } = merge.value;
      if (normFactor <= 0) return 'norm_factor must be above 0';
      if (merge.case === 'robustMean' && limits.target > mostCompared)
        return `robust_mean compares each pair: target must be at most ${mostCompared}`;
      const size = tensors.reduce((sum, tensor) => sum + tensor, 0);
      if (size !== model.parameters || tensors.includes(0))
        return 'its tensors do not make up its parameters';
      // Then each delta has values in each tensor, so that no median norm is zero. Upper layers have a rule of their own for that.
      if (
        codec.case === 'sparse' &&
        strategy.part.case !== 'upperLayers' &&
        tensors.slice(0, -1).some((tensor) => tensor % codec.value.chunk !== 0)
      )
        return 'its tensors must be of whole chunks of its sparse codec';
      return null;
    }
    case 'trimmedMean':
      if (merge.value.trim <= 0 || merge.value.trim >= 0.5) return 'trim must be above 0 and below 0.5';
      if (limits.target > mostSorted)
        return `trimmed_mean sorts the values of a round: target must be at most ${mostSorted}`;
      // Most deltas leave a parameter out, so nearly every trimmed mean would be zero.
      return codec.case === 'sparse' ? 'trimmed_mean needs a codec that holds every value' : null;
    case 'centredClipping':
      if (merge.value.radiusFactor <= 0) return 'radius_factor must be above 0';
      return merge.value.iterations < 1 || merge.value.iterations > mostIterations
        ? `iterations must be from 1 to ${mostIterations}`
        : null;
    case 'ties':
    case 'dare':
      return merge.value.density > 1 || bytesOf(merge.value.density) < 1
        ? 'density must be at least 1/512 and at most 1'
        : null;
    default:
      return null;
  }
}
