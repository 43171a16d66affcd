import type { RelayStatus } from '../../relay/wire/status.ts';
import { useNow } from '../ui/clock.ts';
import { formatDuration, formatLoss } from '../ui/format.ts';
import { messages } from '../ui/messages.ts';
import { heldOutMeans } from '../ui/run-loss.ts';
import { ClothRounds } from './round/cloth-rounds.tsx';
import type { OpenedRound } from './round/round-address.ts';
import { roundEnd } from './round/round-end.ts';

const words = messages.dashboard;

/** The part of the round's time that is left until its end, 0 … 1. */
function leftOfRound(openedAt: number | null, end: number | null, now: number): number {
  if (openedAt === null || end === null) return 0;
  return Math.min(1, Math.max(0, (end - now) / Math.max(1, end - openedAt)));
}

/** A ring that empties as the round's time runs out. */
function Ring({ part }: { part: number }) {
  return (
    <svg class="ring" viewBox="0 0 36 36" aria-hidden="true">
      <circle class="track" cx={18} cy={18} r={15} pathLength={100} />
      <circle class="left" cx={18} cy={18} r={15} pathLength={100} stroke-dasharray={`${part * 100} 100`} />
    </svg>
  );
}

function Facts({ status }: { status: RelayStatus }) {
  const now = useNow();
  const { round, run, nodes, history, base, evaluation } = status;
  const measured = history.at(-1)?.probeLoss ?? null;
  const end = roundEnd(status, now);
  /** The round takes no more contributions: it waits for scores. */
  const isScored = evaluation !== undefined && evaluation.deadlineAt !== null;
  const [first, last] = heldOutMeans(history);
  if (round.phase === 'complete')
    return (
      <div class="round-facts">
        <p class="headline">{words.completeHeading(base.round, run.rounds)}</p>
        {history.length > 0 && (
          <p class="headline quiet">{words.completeLoss(formatLoss(first), formatLoss(last))}</p>
        )}
        {measured !== null && <p class="headline quiet">{words.completeProbe(formatLoss(measured))}</p>}
      </div>
    );
  return (
    <div class="round-facts">
      <p class="fact">
        {words.round} <strong>{round.number}</strong> {words.ofRounds(run.rounds)}
      </p>
      {round.phase === 'waiting' ? (
        <p class="fact">
          {round.hold === 'lobby'
            ? messages.presenter.lobby(nodes.length)
            : round.hold === 'paused'
              ? messages.presenter.paused
              : `${words.phases.waiting}: ${words.waitingFor(nodes.length, round.quorum)}`}
        </p>
      ) : (
        <>
          <p class="fact">
            {words.contributions} <strong>{round.contributions}</strong> {words.ofTarget(round.target)}
          </p>
          {isScored ? (
            <p class="fact">
              {messages.evaluators.scores(round.number, evaluation.scores, evaluation.states.length)}
            </p>
          ) : (
            <p class="fact" role="timer" aria-live="off">
              <Ring part={leftOfRound(round.openedAt, end, now)} />
              {words.timeLeft} <strong>{end === null ? '–' : formatDuration(end - now)}</strong>
            </p>
          )}
        </>
      )}
      {round.phase !== 'waiting' && round.hold === 'paused' && (
        <p class="fact">{messages.presenter.pausing}</p>
      )}
      {base.upstream !== undefined && (
        <p class="fact">{words.upstream[base.upstream.state](base.upstream.round)}</p>
      )}
      <p class="facts">
        {words.facts(run.parameters, run.rounds, run.localSteps)}
        {run.upper !== undefined && (
          <>
            <br />
            {words.upper(run.upper.layers, run.upper.of)}
          </>
        )}
      </p>
    </div>
  );
}

/** The run as cloth, and the round being woven. */
export function RunProgress({ status, opened }: { status: RelayStatus | null; opened: OpenedRound }) {
  return (
    <section class="progress" aria-label={messages.cloth.label}>
      <ClothRounds status={status} opened={opened} />
      {status !== null && <Facts status={status} />}
      <p class="visually-hidden" role="status">
        {status !== null &&
          `${words.round} ${status.round.number} ${words.ofRounds(status.run.rounds)}, ${words.phases[status.round.phase]}`}
      </p>
    </section>
  );
}
