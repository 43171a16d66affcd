import { fragmentsOf } from '../../wire/fragments.ts';
import type { WholeManifest } from '../../wire/frames.ts';
import { rangesOf } from './ranges.ts';

/** Why a relay cannot run a manifest's fragments or upper layers; null if it can, or if there are none. */
export function partProblem(
  manifest: Pick<WholeManifest, 'strategy' | 'model' | 'merge' | 'codec'>,
): string | null {
  const { strategy, merge, codec } = manifest;
  const { part, rounds } = strategy;
  const tensors = merge.case === 'robustMean' || merge.case === 'medianNorm' ? merge.value.tensors : [];
  // Each delta must have values in each tensor, so that no median norm is zero.
  const chunk = codec.case === 'sparse' && tensors.length > 0 ? codec.value.chunk : 1;
  switch (part.case) {
    case 'wholeModel':
      return null;
    case 'fragments': {
      const { count, block, arrival } = part.value;
      if (rounds < count) return 'it has fewer rounds than fragments';
      if (arrival.case === 'afterSteps' && arrival.value.localShare < 0)
        return 'local_share must not be negative';
      return block % chunk === 0
        ? null
        : 'the blocks of its fragments must be of whole chunks of its sparse codec';
    }
    case 'upperLayers': {
      // The chunks of a whole delta and those of a part begin in different places, but two chunks hold a whole one of either.
      const fragments = fragmentsOf(manifest);
      const sizes = rangesOf(fragments, fragments.at(1)).flatMap((range) => range.tensors(tensors));
      return chunk === 1 || sizes.every((size) => size >= 2 * chunk)
        ? null
        : 'its tensors, cut where its upper layers begin, must have two chunks of its sparse codec or more';
    }
  }
}
