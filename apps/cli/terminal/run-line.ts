import type { RelayStatus } from '../../../relay/wire/status.ts';
import { bar, span, sparkLine } from './bar.ts';

/** Rounds whose usual length says how long the others will take. */
const timedRounds = 5;
const shownLosses = 24;

/** How far a run is, the time that it still takes at the pace of its last rounds, and how the loss went. */
export function runLine({ run, round, history }: RelayStatus): string {
  const done = round.phase === 'complete' ? run.rounds : round.number - 1;
  const times = history.slice(-timedRounds - 1).map(({ committedAt }) => committedAt);
  const [first, last] = [times.at(0), times.at(-1)];
  const pace =
    first === undefined || last === undefined || times.length < 2
      ? null
      : (last - first) / (times.length - 1);
  const left = pace === null || done >= run.rounds ? '' : ` about ${span(pace * (run.rounds - done))} left`;
  const losses = history.map(({ probeLoss, trainingLoss }) => probeLoss ?? trainingLoss);
  const spark = losses.length < 2 ? '' : `, loss ${sparkLine(losses, shownLosses)}`;
  return `${bar(done / run.rounds, 20)} ${done} of ${run.rounds} rounds${left}${spark}`;
}
