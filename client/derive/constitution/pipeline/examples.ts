import { sha256Hex } from '../../../sha256.ts';
import type { Principle } from '../constitution.ts';
import type { LabelledPair } from './labeller.ts';

/** The share of a principle's examples that no judge learns, and that judges are measured on. */
const heldOutShare = 0.25;

/** Pairs of one principle, at most. */
const mostPairs = 4096;

/**
 * Pairs of an example that follows a principle and one that breaks it. The side of an example is drawn by the hash of its text, so
 * that no pair that is measured has an example that was learnt, and another example changes no side.
 */
export function examplePairs({ follows, breaks }: Principle, side: 'train' | 'held-out'): LabelledPair[] {
  const own = (texts: readonly string[]) => texts.filter((text) => isHeldOut(text) === (side === 'held-out'));
  const [chosen, rejected] = [own(follows), own(breaks)];
  const pairs = chosen.flatMap((one) => rejected.map((other) => ({ chosen: one, rejected: other })));
  const stride = Math.max(1, Math.ceil(pairs.length / mostPairs));
  return pairs.filter((_, index) => index % stride === 0).map((pair) => ({ prompt: '', ...pair }));
}

const isHeldOut = (text: string) => Number.parseInt(sha256Hex(text).slice(0, 8), 16) < heldOutShare * 2 ** 32;
