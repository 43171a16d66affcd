/** What a candidate says of pairs: 1 where it prefers the chosen answer, -1 where the rejected one, 0 where neither. */
export type Opinions = ArrayLike<number>;

/** A candidate principle and its opinions on the pairs that are learnt from and on those held out. */
export interface Candidate {
  readonly id: string;
  readonly train: Opinions;
  readonly heldOut: Opinions;
}

/** How well opinions explain pairs. */
export interface Explained {
  /** The share of the pairs whose chosen answer is preferred; a pair without an opinion counts half. */
  readonly accuracy: number;
  /** The share of the pairs with an opinion. */
  readonly coverage: number;
}

/** A candidate by itself, with what it explains of the held-out pairs. */
export interface Proposal extends Explained {
  readonly id: string;
}

export interface Proposed {
  /** The chosen principles in the order in which they were taken, each with the accuracy of the set up to it. */
  readonly chosen: readonly (Proposal & { readonly set: Explained; readonly setTrain: Explained })[];
  /** All candidates by themselves, the best first. */
  readonly candidates: readonly Proposal[];
}

export interface ProposeOptions {
  /** The most principles of the set. */
  readonly most: number;
  /** The accuracy on the training pairs that a further principle must add. */
  readonly leastGain: number;
}

/**
 * Finds the candidates that together explain preference pairs best. The set decides a pair by the majority of its principles'
 * opinions, and grows by the candidate that adds most accuracy on the training pairs (inverse constitutional AI, Findeis et al.
 * 2024; here the candidates are given and not written by a model). Accuracies that are reported first are of held-out pairs.
 */
export function propose(candidates: readonly Candidate[], { most, leastGain }: ProposeOptions): Proposed {
  const chosen: Proposed['chosen'][number][] = [];
  let [train, heldOut]: [Opinions, Opinions] = [[], []];
  let left = [...candidates];
  let reached = 0.5;
  while (chosen.length < most && left.length > 0) {
    const grown = left.map((candidate) => explained(sumOf(train, candidate.train)).accuracy);
    const best = grown.indexOf(Math.max(...grown));
    const candidate = left[best];
    const accuracy = grown[best] ?? 0;
    if (candidate === undefined || accuracy < reached + leastGain) break;
    train = sumOf(train, candidate.train);
    heldOut = sumOf(heldOut, candidate.heldOut);
    reached = accuracy;
    left = left.filter((each) => each !== candidate);
    const own = { id: candidate.id, ...explained(candidate.heldOut) };
    chosen.push({ ...own, set: explained(heldOut), setTrain: explained(train) });
  }
  const alone = candidates.map(({ id, heldOut: own }) => ({ id, ...explained(own) }));
  return { chosen, candidates: alone.toSorted((a, b) => b.accuracy - a.accuracy) };
}

/** How well opinions, or sums of them, explain the pairs that they are about. */
export function explained(opinions: Opinions): Explained {
  const all = Array.from(opinions);
  const count = Math.max(1, all.length);
  const credit = all.reduce((sum, opinion) => sum + (opinion > 0 ? 1 : opinion < 0 ? 0 : 0.5), 0);
  return { accuracy: credit / count, coverage: all.filter((opinion) => opinion !== 0).length / count };
}

function sumOf(sum: Opinions, opinions: Opinions): number[] {
  return Array.from(opinions, (opinion, index) => (sum[index] ?? 0) + opinion);
}
