/**
 * Packs items into windows of `capacity`, each item whole (best fit decreasing, as Ding et al. 2024, arXiv 2404.10830, pack
 * documents): the longest first, each into the fullest window with room. Items of equal length keep their order. Returns the
 * indices of each window's items; every length must be from 1 to `capacity`.
 */
export function packWindows(lengths: readonly number[], capacity: number): number[][] {
  const wrong = lengths.find((length) => !(length >= 1 && length <= capacity));
  if (wrong !== undefined) throw new RangeError(`an item of ${wrong} does not fit ${capacity}`);
  const windows: number[][] = [];
  /** The windows by the room that is left in them. */
  const withRoom = Array.from({ length: capacity + 1 }, (): number[] => []);
  const byLength = [...lengths.entries()].sort(([, a], [, b]) => b - a);
  for (const [item, length] of byLength) {
    let room = length;
    while (room <= capacity && (withRoom[room]?.length ?? 0) === 0) room++;
    const window = withRoom[room]?.pop() ?? windows.push([]) - 1;
    windows[window]?.push(item);
    withRoom[Math.min(room, capacity) - length]?.push(window);
  }
  return windows;
}
