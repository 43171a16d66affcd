/**
 * The tokens with which contributions weigh, so that none has more than `share` per cent of all: each is cut to the greatest
 * integer c, at most the most tokens, for which c is at most `share` per cent of the sum of what is left. If there is none,
 * because they are too few, all weigh as much as the least. With 100 per cent nothing is cut.
 */
export function cappedTokens(tokens: readonly number[], share: number): number[] {
  if (share >= 100) return [...tokens];
  const left = (cap: number) => tokens.reduce((sum, own) => sum + Math.min(own, cap), 0);
  const holds = (cap: number) => 100 * cap <= share * left(cap);
  // What is left grows ever more slowly with the cap, so the caps that hold are all those up to one.
  let [low, high] = [0, Math.max(0, ...tokens)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  const cap = low === 0 ? Math.min(...tokens) : low;
  return tokens.map((own) => Math.min(own, cap));
}
