import type { WholeManifest } from '../../wire/frames.ts';

/** Why a relay cannot run a manifest's fragments or upper layers; null if it can, or if there are none. */
export function partProblem({
  strategy: { part, rounds },
  merge,
  codec,
}: Pick<WholeManifest, 'strategy' | 'merge' | 'codec'>): string | null {
  const hasTensors = merge.case === 'robustMean' || merge.case === 'medianNorm';
  // Then each delta has values in each of its tensors, so that no median norm is zero.
  const chunk = hasTensors && codec.case === 'sparse' ? codec.value.chunk : 1;
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
    case 'upperLayers':
      return part.value.from % chunk === 0
        ? null
        : 'its upper layers must begin with a chunk of its sparse codec';
  }
}
