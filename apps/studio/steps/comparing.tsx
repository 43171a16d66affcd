import { useSignal } from '@preact/signals';
import { type ChatFormat, chatFormats } from '../../../client/derive/chat/answer-prompt.ts';
import { messages } from '../../ui/messages.ts';
import { votesFile } from '../adoption.ts';
import type { Session } from '../session.ts';
import { AnswerBox, Ballot, TallyText } from './ballot.tsx';
import { Breaches } from './breaches.tsx';
import { Choice } from './fields.tsx';
import { Step } from './step.tsx';

const words = messages.studio.comparing;
const lengths = [20, 40, 100, 200, 400] as const;

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
  const format = useSignal<ChatFormat>('plain');
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
              const asked = { prompt: prompt.value, format: format.value, models, maxTokens: length.value };
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
              name="format"
              label={words.format}
              value={format.value}
              options={chatFormats.map((each) => [each, words.formats[each]])}
              disabled={isAnswering}
              choose={(each) => {
                format.value = each;
              }}
            />
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
          <div class="judging">
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
                <p class="help">{words.trainHelp(votes.rows)}</p>
              </div>
            )}
            <Breaches session={session} models={models} format={format.value} maxTokens={length.value} />
          </div>
        </div>
      )}
    </Step>
  );
}
