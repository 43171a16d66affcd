import { splitRows } from '../../data/split-rows.ts';
import type { Principle } from '../constitution.ts';
import type { Candidate } from '../propose.ts';
import { type LabelledPair, type Labeller, opinion, pairScores } from './labeller.ts';

/** What a labeller says of pairs by a principle. Near-copies of a prompt are on its side, as in the data of stages. */
export async function measureOpinions(
  labeller: Labeller,
  principle: Principle,
  pairs: readonly LabelledPair[],
  heldOutShare: number,
): Promise<Omit<Candidate, 'id'>> {
  const rows = pairs.map((pair) => ({ form: 'preference' as const, ...pair }));
  const { train, heldOut } = splitRows(rows, heldOutShare);
  const of = async (side: typeof train) => {
    const own = side.flatMap((row) => (row.form === 'preference' ? [row] : []));
    const { chosen, rejected } = await pairScores(labeller, principle, own);
    return chosen.map((score, index) => opinion(score, rejected[index] ?? null));
  };
  return { train: await of(train), heldOut: await of(heldOut) };
}
