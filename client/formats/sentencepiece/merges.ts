/*
 * SentencePiece joins the two neighbours whose piece has the highest score, and a tokenizer.json lists pairs in the order in which
 * they are joined. Both say the same where every pair of pieces that makes a third is listed, in the order of its score.
 */

export type Merge = readonly [string, string];

/** The pairs of pieces that make a third, the third with the highest score first. `ids` numbers the pieces that text can become. */
export function mergesOf(ids: ReadonlyMap<string, number>, scoreOf: (id: number) => number): Merge[] {
  const ranked = [...ids].sort(([, a], [, b]) => scoreOf(b) - scoreOf(a) || a - b);
  return ranked.flatMap(([piece]) => {
    const characters = [...piece];
    const pairs: Merge[] = [];
    for (let at = 1; at < characters.length; at++) {
      const pair = [characters.slice(0, at).join(''), characters.slice(at).join('')] as const;
      if (ids.has(pair[0]) && ids.has(pair[1])) pairs.push(pair);
    }
    return pairs;
  });
}

/**
 * Scores that join pieces in the order of a tokenizer.json's merges: 0 for the piece that is joined first, -1 for the next. Pieces
 * that no pair makes come last. Null if no scores have this effect.
 */
export function scoresOf(
  ids: ReadonlyMap<string, number>,
  merges: readonly Merge[],
): Map<number, number> | null {
  const scores = new Map<number, number>();
  for (const [left, right] of merges) {
    const id = ids.get(left + right);
    if (id === undefined) return null;
    if (!scores.has(id)) scores.set(id, -scores.size);
  }
  for (const id of ids.values()) if (!scores.has(id)) scores.set(id, -scores.size);
  // The pairs of one piece may be listed in any order.
  const inOrder = (pairs: readonly Merge[]) =>
    pairs.map(([left, right]) => JSON.stringify([scores.get(ids.get(left + right) ?? -1), left, right]));
  const expected = inOrder(mergesOf(ids, (id) => scores.get(id) ?? 0));
  const given = inOrder(merges);
  const sorted = (all: readonly string[]) => [...all].sort().join('\n');
  const rank = (pair: string): number => JSON.parse(pair)[0];
  const ascending = given.every((pair, i) => i === 0 || rank(pair) <= rank(given[i - 1] ?? pair));
  return ascending && sorted(expected) === sorted(given) ? scores : null;
}
