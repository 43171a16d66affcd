import { useSignal } from '@preact/signals';
import { formatCount } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import { votesFile } from '../adoption.ts';
import type { Round, Side, Tally, Verdict } from '../comparison.ts';
import type { Session } from '../session.ts';
import { Choice } from './fields.tsx';
import { Step } from './step.tsx';

const words = messages.studio.comparing;
const lengths = [40, 100, 200, 400] as const;

function AnswerBox({ round, side }: { round: Round | null; side: Side }) {
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

function Ballot({ session }: { session: Session }) {
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

function TallyText({ tally, models }: { tally: Tally; models: readonly [string, string] }) {
  const votes = models.reduce((sum, name) => sum + (tally.wins[name] ?? 0), 0);
  if (votes + tally.ties === 0) return null;
  const ties = tally.ties === 0 ? '' : `; ${words.ties(formatCount(tally.ties))}`;
  return (
    <ul class="tally" role="status">
      {models.map((name) => (
        <li key={name}>
          {words.tally(name, formatCount(tally.wins[name] ?? 0), formatCount(votes))}
          {ties}
        </li>
      ))}
    </ul>
  );
}

/** The two models that are compared: those chosen, else the latest derivative and the model that it was built from. */
function comparedModels(
  session: Session,
  chosen: readonly [string | null, string | null],
): readonly [string, string] | null {
  const models = session.library.value?.models ?? [];
  const isHere = (name: string | null | undefined) => models.some((model) => model.name === name);
  const latest = models.findLast(({ kind }) => kind === 'derivative') ?? models.at(-1);
  const parent = models.find(({ name }) => name === latest?.from) ?? models.find((model) => model !== latest);
  const [one, other] = [
    isHere(chosen[0]) ? chosen[0] : parent?.name,
    isHere(chosen[1]) ? chosen[1] : latest?.name,
  ];
  return one === undefined || one === null || other === undefined || other === null || models.length < 2
    ? null
    : [one, other];
}

function ModelChoice({
  session,
  name,
  label,
  value,
  choose,
}: {
  session: Session;
  name: string;
  label: string;
  value: string;
  choose: (value: string) => void;
}) {
  const models = session.library.value?.models ?? [];
  return (
    <Choice
      name={name}
      label={label}
      value={value}
      options={models.map((model) => [model.name, model.name])}
      disabled={session.comparison.round.value?.phase === 'answering'}
      choose={choose}
    />
  );
}

/** Two models answer side by side, blind; votes become pairs. */
export function Comparing({ session }: { session: Session }) {
  const chosen = useSignal<readonly [string | null, string | null]>([null, null]);
  const prompt = useSignal('');
  const drawn = useSignal(0);
  const length = useSignal<(typeof lengths)[number]>(100);
  const models = comparedModels(session, chosen.value);
  const round = session.comparison.round.value;
  const isAnswering = round?.phase === 'answering';
  const dataset = session.form.value?.datasets.find((name) => name !== votesFile);
  const votes = session.library.value?.datasets.find(({ name }) => name === votesFile);
  const draw = async (name: string) => {
    const prompts = await session.prompts(name);
    if (prompts.length > 0) prompt.value = prompts[drawn.value++ % prompts.length] ?? '';
  };
  return (
    <Step name="comparing" number={5} heading={words.heading}>
      <p class="help">{models === null ? words.needsTwo : words.help}</p>
      {models !== null && (
        <div class="arena">
          <form
            class="form"
            onSubmit={(event) => {
              event.preventDefault();
              const asked = { prompt: prompt.value, models, maxTokens: length.value };
              if (!isAnswering && models[0] !== models[1]) void session.comparison.ask(asked);
            }}
          >
            <ModelChoice
              session={session}
              name="one-model"
              label={words.one}
              value={models[0]}
              choose={(name) => {
                chosen.value = [name, chosen.value[1]];
              }}
            />
            <ModelChoice
              session={session}
              name="other-model"
              label={words.other}
              value={models[1]}
              choose={(name) => {
                chosen.value = [chosen.value[0], name];
              }}
            />
            <div class="field prompt">
              <label for="prompt">{words.prompt}</label>
              <textarea
                id="prompt"
                rows={2}
                value={prompt.value}
                onInput={(event) => {
                  prompt.value = event.currentTarget.value;
                }}
              />
            </div>
            <Choice
              name="length"
              label={words.tokens}
              value={String(length.value)}
              options={lengths.map((each) => [String(each), String(each)])}
              disabled={isAnswering}
              choose={(value) => {
                length.value = lengths.find((each) => String(each) === value) ?? 100;
              }}
            />
            <div class="buttons">
              <button
                type="submit"
                class="button primary"
                disabled={isAnswering || models[0] === models[1] || prompt.value === ''}
              >
                {isAnswering ? words.answering : words.ask}
              </button>
              {dataset !== undefined && (
                <button type="button" class="button" disabled={isAnswering} onClick={() => draw(dataset)}>
                  {words.fromData}
                </button>
              )}
            </div>
          </form>
          <div class="answers" aria-live="polite" aria-busy={isAnswering}>
            <AnswerBox round={round} side="left" />
            <AnswerBox round={round} side="right" />
          </div>
          <Ballot session={session} />
          <TallyText tally={session.comparison.tallyOf(...models)} models={models} />
          {votes !== undefined && (
            <div class="buttons">
              <button
                type="button"
                class="button"
                disabled={session.busy.value || session.opened.value?.gpu === null}
                onClick={() => session.trainOnVotes(models[1])}
              >
                {words.train}
              </button>
              <p class="help">{words.trainHelp(formatCount(votes.rows))}</p>
            </div>
          )}
        </div>
      )}
    </Step>
  );
}
