export interface LossPoint {
  /** Local steps since the page was opened. */
  readonly step: number;
  readonly training: number | null;
  readonly heldOut: number | null;
}

/** The chart shows at most this many points with a held-out loss, and as many with a training loss only. */
const keptPoints = 200;

/** The points with one more; two of one step are one. */
export function withPoint(points: readonly LossPoint[], point: LossPoint): readonly LossPoint[] {
  const last = points.at(-1);
  if (last?.step !== point.step) return thinned([...points, point], point.heldOut !== null);
  const merged = {
    ...last,
    training: point.training ?? last.training,
    heldOut: point.heldOut ?? last.heldOut,
  };
  return thinned([...points.slice(0, -1), merged], merged.heldOut !== null);
}

/**
 * Removes one point of a kind (with a held-out loss or without) if there are more than `keptPoints` of that kind. Each kind
 * has its own limit, so that neither curve displaces the other. It removes the point whose two neighbours are closest, so
 * that the others remain spread over the whole session. The first and the last point always remain.
 */
function thinned(points: readonly LossPoint[], heldOut: boolean): readonly LossPoint[] {
  const kind = points.filter((point) => (point.heldOut !== null) === heldOut);
  if (kind.length <= keptPoints) return points;
  const gap = (at: number) => (kind[at + 1]?.step ?? Infinity) - (kind[at - 1]?.step ?? -Infinity);
  const crowded = kind.reduce((least, _, at) => (gap(at) < gap(least) ? at : least), 1);
  return points.filter((point) => point !== kind[crowded]);
}
