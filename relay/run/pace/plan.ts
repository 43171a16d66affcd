import type { WholeManifest } from '../../wire/frames.ts';

/** What the relay measured of a node, in milliseconds. */
export interface NodeTimes {
  /** From the opening of a round to the node's first step: the download of the base, and its evaluation. */
  readonly overheadMs: number;
  readonly stepMs: number;
  /** From the offer to the acknowledgement; null while it is not measured. */
  readonly uploadMs: number | null;
}

/** A node of the plan; `times` is null while nothing is measured. `missed`: the rounds in a row that closed without it. */
export interface PacedNodeTimes {
  readonly times: NodeTimes | null;
  readonly missed: number;
}

/** The settings of timed rounds: `localSteps` >= `leastSteps` >= 1, `graceMs` < `deadlineMs`, the other two in per cent. */
export interface PaceSettings {
  readonly localSteps: number;
  readonly leastSteps: number;
  readonly stretch: number;
  readonly deadlineMs: number;
  readonly graceMs: number;
  readonly graceShare: number;
}

/** A round's times in milliseconds: for training, from the opening on, and after that for uploads. */
export interface RoundTimes {
  readonly workMs: number;
  readonly graceMs: number;
}

/** Time for a step that takes longer than the one before, as a part of the measured time. */
const margin = { fastest: 1.05, least: 1.25 } as const;

/** The shortest grace: a message may be on its way for so long, and the relay looks at its clock now and then. */
const leastGraceMs = 1000;

/** The settings of a manifest whose rounds are timed; null for any other. */
export function paceSettingsOf({ pace, strategy, limits }: WholeManifest): PaceSettings | null {
  if (pace.case !== 'timed') return null;
  const { leastSteps, stretch } = pace.value;
  const { deadlineMs, graceMs, graceShare } = limits;
  return { localSteps: strategy.localSteps, leastSteps, stretch, deadlineMs, graceMs, graceShare };
}

/** From the opening to the end of the node's least steps, as measured. */
export function leastTrainingMs({ overheadMs, stepMs }: NodeTimes, { leastSteps }: PaceSettings): number {
  return overheadMs + leastSteps * stepMs;
}

/**
 * The times of a round with these nodes; null while none is measured. The round asks for work until the fastest node has done its
 * local steps, and longer where slower nodes need that for their least steps, up to `stretch` times that, or `stretch` times what
 * more than `graceShare` of the nodes need: a few nodes that claim to be fast cannot shut out the others, nor can less than that share that
 * claims to be slow make a round longer. Where the bases of a crowd come one after another over one full line, most of a node's need is its place in the row:
 * with the share's need alone as the limit, half of the nodes would never count, while they download all the same.
 *
 * A node that missed rounds gets twice the time after each, until it needs more than a round can last. While more than `graceShare` of the
 * nodes contribute, those that miss lengthen no round for the others: only where fewer do, what was measured was too little, and twice that
 * counts for all. Otherwise a round that is long enough for most would alternate with one that is twice as long. The grace is at least
 * `leastGrace` milliseconds.
 */
export function planOf(
  nodes: readonly PacedNodeTimes[],
  settings: PaceSettings,
  leastGrace = leastGraceMs,
): RoundTimes | null {
  const { localSteps, stretch, deadlineMs, graceShare } = settings;
  const measured = nodes.flatMap(({ times }) => (times === null ? [] : [times]));
  if (measured.length === 0) return null;
  const graceMs = graceOf(nodes, settings, leastGrace);
  const fastest =
    margin.fastest *
    measured.reduce(
      (least, { overheadMs, stepMs }) => Math.min(least, overheadMs + localSteps * stepMs),
      Number.POSITIVE_INFINITY,
    );
  const needOf = (times: NodeTimes) =>
    margin.least * leastTrainingMs(times, settings) + Math.max(0, (times.uploadMs ?? 0) - graceMs);
  const needs = nodes.map(
    ({ times, missed }) => (times === null ? 2 * fastest : needOf(times)) * 2 ** missed,
  );
  const room = deadlineMs - graceMs;
  const most = (stretch / 100) * shareNeed(nodes, needOf, graceShare);
  const limit = Math.min(room, Math.max((fastest * stretch) / 100, most));
  const longest = needs.reduce(
    (longest, need) => (need <= limit ? Math.max(longest, need) : longest),
    fastest,
  );
  return { workMs: Math.ceil(Math.min(room, longest)), graceMs };
}

/**
 * So much time do more than `graceShare` of the nodes need for their least work. Nodes that were there for a whole round and are not measured
 * count as slower than all others: else a crowd whose bases come one after another would be planned for the few that had theirs.
 */
function shareNeed(
  nodes: readonly PacedNodeTimes[],
  needOf: (times: NodeTimes) => number,
  graceShare: number,
): number {
  const measured = nodes.flatMap(({ times, missed }) =>
    times === null ? [] : [{ need: needOf(times), missed }],
  );
  const unknown = nodes.filter(({ times, missed }) => times === null && missed > 0).length;
  const all = measured.length + unknown;
  const heard = measured.filter(({ missed }) => missed === 0).length;
  const hasShare = 100 * heard > all * graceShare;
  const sorted = measured
    .map(({ need, missed }) => need * (hasShare ? 1 : 2 ** missed))
    .sort((a, b) => a - b);
  const place = Math.min(all - 1, Math.floor((all * graceShare) / 100));
  return sorted[place] ?? 2 * (sorted.at(-1) ?? 0);
}

/** Twice the slowest upload, at most the manifest's grace, which is also the time for an upload that is not measured; and at least so long. */
function graceOf(nodes: readonly PacedNodeTimes[], { graceMs }: PaceSettings, least: number): number {
  const uploads = nodes.map(({ times }) => (times?.uploadMs == null ? graceMs : 2 * times.uploadMs));
  const longest = uploads.reduce((most, ms) => Math.max(most, ms), Math.max(leastGraceMs, least));
  return Math.ceil(Math.min(graceMs, longest));
}
