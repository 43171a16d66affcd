import { messages } from '../../ui/messages.ts';
import type { Round, Side, Tally, Verdict } from '../comparison.ts';
import type { Session } from '../session.ts';

const words = messages.studio.comparing;

/** One side's answer; the model's name only after the vote. */
export function AnswerBox({ round, side }: { round: Round | null; side: Side }) {
  const answer = round?.[side];
  const isEmpty = answer === undefined || answer.text === '';
  return (
    <section class="answer" aria-label={words[side]}>
      <h3>{words[side]}</h3>
      <p class={isEmpty ? 'muted' : 'text'}>
        {answer === undefined || (isEmpty && round?.phase === 'answering')
          ? words.waiting
          : isEmpty
            ? words.emptyAnswer
            : answer.text}
      </p>
      {answer !== undefined && round?.phase === 'voted' && (
        <p>
          <strong>{words.was(answer.model)}</strong>
        </p>
      )}
    </section>
  );
}

/** The three verdicts on two answers. */
export function Ballot({ session }: { session: Session }) {
  const round = session.comparison.round.value;
  const canVote = round?.phase === 'voting';
  const areEqual = canVote && round.left.text === round.right.text;
  const choices: readonly (readonly [Verdict, string])[] = [
    ['left', words.leftBetter],
    ['tie', words.tie],
    ['right', words.rightBetter],
  ];
  return (
    <fieldset class="ballot" disabled={!canVote}>
      <legend class="help">{words.vote}</legend>
      <div class="buttons">
        {choices.map(([verdict, label]) => (
          <button
            key={verdict}
            type="button"
            class="button"
            disabled={areEqual && verdict !== 'tie'}
            onClick={() => session.comparison.vote(verdict)}
          >
            {label}
          </button>
        ))}
      </div>
    </fieldset>
  );
}

/** The votes between two models since the page was opened. */
export function TallyText({ tally, models }: { tally: Tally; models: readonly [string, string] }) {
  const votes = models.reduce((sum, name) => sum + (tally.wins[name] ?? 0), 0);
  if (votes + tally.ties === 0) return null;
  return (
    <div class="tally" role="status">
      {models.map((name) => (
        <p key={name}>{words.tally(name, tally.wins[name] ?? 0, votes)}</p>
      ))}
      {tally.ties > 0 && <p class="muted">{words.ties(tally.ties)}</p>}
    </div>
  );
}
