import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type StatusRound, statusRoundSchema } from '../../../relay/wire/status.ts';
import { formatChange, formatClock, formatCount, formatLoss, formatShare } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import { parsed } from '../../ui/status-feed.ts';
import { nameOfNode } from '../node-list.ts';
import './round.css';
import type { OpenedRound } from './round-address.ts';

const words = messages.rounds;
const scoring = messages.evaluators;

/** What the relay answered: the round, or why there is none. */
type Answer = StatusRound | 'asking' | 'missing' | 'failed';

async function ask(round: number, signal: AbortSignal): Promise<Answer> {
  try {
    const response = await fetch(`api/rounds/${round}`, { signal });
    if (response.status === 404) return 'missing';
    return (response.ok ? parsed(statusRoundSchema, await response.text()) : null) ?? 'failed';
  } catch {
    return 'failed';
  }
}

interface Props {
  readonly opened: OpenedRound;
  /** The rounds that are committed: the answer for one that is not yet changes when it is. */
  readonly committed: number;
  readonly rounds: number;
  /** Large enough for a hall. */
  readonly inHall: boolean;
}

/** The round that is open: who contributed to it, and what it made. */
export function RoundDialog({ opened, committed, rounds, inHall }: Props) {
  const round = opened.number.value;
  if (round === null) return null;
  return <Round key={round} {...{ round, opened, committed, rounds, inHall }} />;
}

function Round({ round, opened, committed, rounds, inHall }: Props & { readonly round: number }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const answer = useSignal<Answer>('asking');
  const isCommitted = round <= committed;
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    const leaving = new AbortController();
    void ask(round, leaving.signal).then((said) => {
      if (!leaving.signal.aborted) answer.value = said;
    });
    return () => leaving.abort();
  }, [round, isCommitted]);
  const said = answer.value;
  const step = (to: number, label: string) => (
    <button
      type="button"
      class="button quiet"
      disabled={to < 1 || to > committed}
      onClick={() => opened.open(to)}
    >
      {label}
    </button>
  );
  return (
    <dialog
      class="opened-round"
      data-hall={inHall}
      aria-labelledby="opened-round-heading"
      ref={dialog}
      onClose={() => opened.close()}
    >
      <header>
        <h2 id="opened-round-heading">{words.round(round, rounds)}</h2>
        {step(round - 1, words.before)}
        {step(round + 1, words.next)}
        <button type="button" class="button" autofocus onClick={() => dialog.current?.close()}>
          {words.close}
        </button>
      </header>
      {typeof said === 'string' ? <p role="status">{words[said]}</p> : <Facts said={said} />}
    </dialog>
  );
}

function Facts({ said: { committed, contributions, scoredBy, sample } }: { readonly said: StatusRound }) {
  const facts = [
    [words.contributions, words.given(committed.contributions, committed.excluded)],
    [words.tokens, formatCount(committed.tokens)],
    [words.trainingLoss, formatLoss(committed.trainingLoss)],
    ...(committed.probeLoss === null ? [] : [[words.probeLoss, formatLoss(committed.probeLoss)]]),
    [words.committed, formatClock(committed.committedAt, Date.now())],
    ...(scoredBy === null ? [] : [[scoring.scoredBy, scorers(scoredBy)]]),
  ];
  return (
    <>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        <div class="hash">
          <dt>{words.base}</dt>
          <dd>
            <code>{committed.base}</code>
          </dd>
        </div>
        {sample !== null && (
          <div class="wrote">
            <dt>{words.sample}</dt>
            <dd dir="auto">
              <span class="muted">{sample.prompt}</span>
              {sample.text}
            </dd>
          </div>
        )}
      </dl>
      <section class="who" aria-label={words.who} tabindex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{words.who}</th>
              <th scope="col">{words.steps}</th>
              <th scope="col">{words.tokens}</th>
              <th scope="col">{words.loss}</th>
              {scoredBy !== null && <th scope="col">{scoring.score}</th>}
            </tr>
          </thead>
          <tbody>
            {contributions.map((given) => (
              <tr key={given.node} data-merged={given.isMerged}>
                <th scope="row">
                  {nameOfNode({ id: given.node, corpus: given.corpus })}
                  {given.part === 'upper' && <span class="muted"> {words.upper}</span>}
                  <Weighed given={given} />
                </th>
                <td>{formatCount(given.steps)}</td>
                <td>{formatCount(given.tokens)}</td>
                <td>{formatLoss(given.trainingLoss)}</td>
                {scoredBy !== null && <td>{given.score === null ? '–' : formatChange(given.score)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
        {contributions.length < committed.contributions && <p>{words.first(contributions.length)}</p>}
      </section>
      <p class="muted">
        {words.reported} {scoredBy !== null && scoring.unit}
      </p>
    </>
  );
}

/** How a contribution counts and why, if not in full. */
function Weighed({ given }: { readonly given: StatusRound['contributions'][number] }) {
  const { reason, counted, tokens } = given;
  if (reason === null) return null;
  if (reason === 'left-out') return <span class="muted"> {words.leftOut}</span>;
  const why = messages.contribute.fates[reason](formatShare(counted, tokens));
  return <span class="muted"> ({why})</span>;
}

/** The first digits of the keys of those who scored. */
function scorers(ids: readonly string[]): string {
  return ids.length === 0 ? scoring.relay : ids.map((id) => id.slice(0, 6)).join(', ');
}
