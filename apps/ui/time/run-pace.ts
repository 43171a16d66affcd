import type { RelayStatus } from '../../../relay/wire/status.ts';

/** The pace of the run is the median of at most this many rounds, so that one long break does not count. */
const latestRounds = 8;

/** Median milliseconds between the latest commits; null before the second round has committed. */
export function runPace(status: RelayStatus | null): number | null {
  const times = (status?.history ?? []).slice(-latestRounds - 1).map(({ committedAt }) => committedAt);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  return gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? null;
}
