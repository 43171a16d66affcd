/** The known name that differs least from `name`, if it differs by at most a third of its letters; in any case of letters. */
export function closestName(name: string, known: readonly string[]): string | null {
  const sought = name.slice(0, 64).toLowerCase();
  const [best] = known
    .map((each) => ({ each, distance: distanceOf(sought, each.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= best.each.length / 3 ? best.each : null;
}

/** Levenshtein's distance: letters to insert, delete or replace. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (let at = 1; at <= other.length; at++)
      next.push(
        Math.min(
          (next[at - 1] ?? 0) + 1,
          (row[at] ?? 0) + 1,
          (row[at - 1] ?? 0) + (letter === other[at - 1] ? 0 : 1),
        ),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}
