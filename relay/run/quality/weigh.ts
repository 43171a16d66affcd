import type { Measured } from '../../wire/tapestry_pb.js';
import { type Claim, possibleTokens, shownTokens } from './claims.ts';
import { copiesIn } from './copies.ts';
import type { Reason } from './reasons.ts';
import { proven, trustedTokens } from './reputation.ts';
import { leastScoreOf } from './scores.ts';

/** What the journal says of a contribution beside its own entry. */
export interface Standing {
  /** See `Claim`. */
  readonly elapsedMs: number;
  readonly pace: number | null;
  readonly reputation: number;
  /** By how much the delta lowers the loss of the round's mean on the probe, in nats a token; null if it was not measured. */
  readonly score: number | null;
}

/** A contribution as it is weighed. */
export interface Weighable extends Standing {
  /** As it claims. */
  readonly tokens: number;
  /** See `Lengths.norms`. */
  readonly norm: number;
  /** The sketch of its values in each range of the round; null in one where it has none. See sketch.ts. */
  readonly sketches: readonly (Float64Array | null)[];
  /** Orders the contributions in a way that no node can choose. */
  readonly lot: string;
}

export interface Weighed {
  /** The tokens that count; 0 for a contribution that does not. */
  readonly tokens: number;
  /** The last rule that lowered them, but `distrusted` only if no other did before; null if they are those that it claims. */
  readonly reason: Reason | null;
}

/** The tokens for which a round's contributions, in the order of the journal, count by what was measured of them. */
export async function weigh(contributions: readonly Weighable[], settings: Measured): Promise<Weighed[]> {
  const { speedFactor, workPart, copyLikeness, evaluations } = settings;
  const weighed = contributions.map(({ tokens }): Weighed => ({ tokens, reason: null }));
  const lower = (reason: Reason, tokens: (i: number, before: number) => number) => {
    for (const [i, { tokens: before, reason: earlier }] of weighed.entries()) {
      const left = tokens(i, before);
      // What the key did before hides nothing of what it does now: else a boaster whom nobody trusts would earn trust by its scores.
      if (left < before)
        weighed[i] = { tokens: left, reason: reason === 'distrusted' ? (earlier ?? reason) : reason };
    }
  };
  const possible = possibleTokens(contributions satisfies readonly Claim[], speedFactor);
  lower('too-fast', (i) => possible[i] ?? 0);
  const lengths = contributions.map(({ norm, tokens: claimed }, i) => ({
    ...{ norm, claimed },
    possible: weighed[i]?.tokens ?? 0,
  }));
  const shown = shownTokens(lengths, workPart);
  lower('short', (i) => shown[i] ?? 0);
  const copies = await copiedIn(contributions, copyLikeness);
  lower('copy', (i, before) => (copies.has(i) ? 0 : before));
  if (evaluations === 0) return weighed;
  const least = leastScoreOf(
    contributions.flatMap(({ score }) => (score === null ? [] : [score])),
    settings,
  );
  const isWorse = (score: number | null | undefined) => score != null && score < least;
  lower('worse', (i, before) => (isWorse(contributions[i]?.score) ? 0 : before));
  lower('distrusted', (i, before) => trustedTokens(before, contributions[i]?.reputation ?? 0));
  const admitted = admittedIn(contributions, weighed);
  lower('unproven', (i, before) => (admitted.has(i) ? before : 0));
  return weighed;
}

/** The contributions that are like an earlier one in a range where both have values, by index. */
async function copiedIn(
  contributions: readonly Pick<Weighable, 'sketches'>[],
  likeness: number,
): Promise<ReadonlySet<number>> {
  const copies = new Set<number>();
  const ranges = Math.max(0, ...contributions.map(({ sketches }) => sketches.length));
  for (let range = 0; range < ranges; range++) {
    const held = contributions.flatMap(({ sketches }, index) => {
      const sketch = sketches[range] ?? null;
      return sketch === null ? [] : [{ index, sketch }];
    });
    const sketches = held.map(({ sketch }) => sketch);
    for (const at of await copiesIn(sketches, likeness)) copies.add(held[at]?.index ?? 0);
  }
  return copies;
}

/**
 * The contributions that count, by index: those of proven keys and those with a good score, and for each two of them one other, by lot.
 * So keys of which nothing was measured are never more than a third of a round, however many they are.
 */
function admittedIn(contributions: readonly Weighable[], weighed: readonly Weighed[]): ReadonlySet<number> {
  const counting = [...contributions.entries()].filter(([i]) => (weighed[i]?.tokens ?? 0) > 0);
  // A bad score has left no tokens.
  const isProven = ({ score, reputation }: Weighable) => score !== null || reputation >= proven;
  const known = counting.filter(([, one]) => isProven(one));
  const unknown = counting
    .filter(([, one]) => !isProven(one))
    .sort(([, one], [, other]) => (one.lot < other.lot ? -1 : 1))
    .slice(0, Math.floor(known.length / 2));
  return new Set([...known, ...unknown].map(([i]) => i));
}
