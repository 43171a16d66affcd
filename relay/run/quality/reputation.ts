/** The reputation of a key is an integer from 0 to this. */
export const most = 256;
/** That of a new key. Below it, a contribution counts in proportion. */
export const fresh = 64;
/** From here on a key is proven. */
export const proven = 96;

/** What a commit says of a key's contribution: it has a good score, it is a copy or has a bad score, or nothing. */
export type Mark = 'good' | 'bad' | null;

/** The reputation after a round in which the key has this mark. Good scores raise it by a quarter of what is missing, bad marks halve it. */
export function marked(reputation: number, mark: Mark): number {
  if (mark === 'good') return reputation + ((most - reputation) >> 2);
  return mark === 'bad' ? reputation >> 1 : faded(reputation);
}

/** The reputation after one more round without a mark: what is above that of a new key loses a sixteenth, what is below gains one. */
export function faded(reputation: number): number {
  if (reputation < fresh) return reputation + 1;
  return reputation - ((reputation - fresh + 15) >> 4);
}

/** The tokens that count for a key of this reputation. */
export function trustedTokens(tokens: number, reputation: number): number {
  return Math.floor((tokens * Math.min(reputation, fresh)) / fresh);
}
