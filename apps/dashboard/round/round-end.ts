import type { RelayStatus } from '../../../relay/wire/status.ts';
import { runPace } from '../../ui/time/run-pace.ts';

/**
 * When the open round is expected to end, in milliseconds since 1970; null where none is open or nothing tells it. It ends with the
 * contribution that it still waits for last, by the steps and the measured speeds of the nodes; before enough of them have a speed,
 * it is taken to last as long as the latest rounds did. The deadline counts where it comes first, and where nodes that pause keep
 * the round waiting for it.
 */
export function roundEnd(status: RelayStatus, now: number): number | null {
  const { round, run, nodes } = status;
  if (round.phase !== 'training' && round.phase !== 'grace') return null;
  const missing = Math.max(0, round.target - round.contributions);
  const atWork = nodes.filter(({ state }) => ['training', 'uploading', 'syncing'].includes(state));
  if (atWork.length < missing) return round.deadlineAt;
  const left = atWork
    .flatMap(({ state, steps, tokensPerSecond }) => {
      if (state === 'uploading') return [0];
      if (state === 'syncing' || tokensPerSecond <= 0) return [];
      return [(Math.max(0, run.localSteps - steps) * run.tokensPerStep * 1000) / tokensPerSecond];
    })
    .sort((one, other) => one - other);
  const measured = missing === 0 ? 0 : left[missing - 1];
  const pace = runPace(status);
  const byPace = pace === null || round.openedAt === null ? null : Math.max(now, round.openedAt + pace);
  const expected = measured === undefined ? byPace : now + measured;
  if (expected === null || round.deadlineAt === null) return expected ?? round.deadlineAt;
  return Math.min(expected, round.deadlineAt);
}
