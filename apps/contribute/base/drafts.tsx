import { saveFile } from '../../ui/files/saving.ts';
import { messages } from '../../ui/messages.ts';
import type { BaseSession, Trial } from './base-session.ts';

const words = messages.bases;
const letters = ['A', 'B'] as const;

/** One text: what the person began, and how a base goes on. */
function DraftBox({ trial, index }: { trial: Trial; index: number }) {
  const draft = trial.drafts[index];
  if (draft === undefined) return null;
  const name = trial.mode === 'rounds' ? words.round(draft.round) : words.sample(letters[index] ?? '');
  const isEmpty = draft.text === '';
  return (
    <section class="draft" aria-label={name}>
      <h3>{name}</h3>
      {isEmpty ? (
        <p class="muted">{trial.phase === 'writing' ? words.reading : words.empty}</p>
      ) : (
        <p class="text" dir="auto">
          <span class="muted">{trial.prompt}</span>
          {draft.text}
        </p>
      )}
    </section>
  );
}

/** The vote on two texts, and where votes stay. */
function Vote({ bases, trial }: { bases: BaseSession; trial: Trial }) {
  const votes = bases.votes.value;
  const [one, other] = trial.drafts;
  const areEqual = one?.text === other?.text;
  const canVote = trial.phase === 'written';
  return (
    <>
      <fieldset disabled={!canVote} class="ballot">
        <legend>{words.vote}</legend>
        <div class="buttons">
          {([0, 1] as const).map((winner) => (
            <button
              key={winner}
              type="button"
              class="button"
              disabled={areEqual}
              onClick={() => void bases.vote(winner)}
            >
              {words.better(letters[winner])}
            </button>
          ))}
          <button type="button" class="button" onClick={() => void bases.vote(null)}>
            {words.equal}
          </button>
        </div>
      </fieldset>
      <p role="status">{trial.phase === 'voted' && (votes === null ? words.thanks : words.voted(votes))}</p>
      <p class="help">{words.voteHelp}</p>
      {votes !== null && (
        <button
          type="button"
          class="button"
          onClick={async () => {
            const file = await bases.votesFile(trial.run);
            if (file !== null) saveFile(file);
          }}
        >
          {words.downloadVotes}
        </button>
      )}
    </>
  );
}

/** The texts of the newest trial, while and after they are written. */
export function Drafts({ bases }: { bases: BaseSession }) {
  const trial = bases.trial.value;
  if (trial === null) return null;
  const { phase } = trial;
  return (
    <>
      <div class="drafts" aria-busy={phase === 'writing'}>
        {trial.drafts.map((draft, index) => (
          <DraftBox key={`${draft.round} ${index}`} trial={trial} index={index} />
        ))}
      </div>
      <p class="visually-hidden" role="status">
        {phase === 'stopped' ? words.stopped : phase === 'writing' ? '' : words.written}
      </p>
      {trial.mode === 'samples' && trial.drafts.length === 2 && <Vote bases={bases} trial={trial} />}
    </>
  );
}
