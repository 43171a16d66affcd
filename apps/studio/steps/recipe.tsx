import type { RecipeForm } from '../../../client/derive/recipe/recipe-form.ts';
import { stageKinds } from '../../../client/derive/recipe/schema.ts';
import { formatPercent } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import { ProblemText } from '../problems.tsx';
import type { Session } from '../session.ts';
import { DocumentChoices, Documents } from './documents.tsx';
import { Choice, NumberChoice } from './fields.tsx';
import { Plan } from './plan.tsx';
import { Step } from './step.tsx';

const words = messages.studio.recipe;
const adapters = ['none', 'lora', 'qlora'] as const;
/** Shares of base text that the form offers, and the schema's usual one. */
const shares = [0, 0.1, 0.3, 0.5] as const;
const usualShare = 0.3;

function Replay({ session, form }: { session: Session; form: RecipeForm }) {
  const { replay, replayText, replayCorpora } = form;
  const share = replay ?? usualShare;
  const texts = (session.library.value?.datasets ?? []).filter(({ forms }) => 'text' in forms);
  const corpora = session.opened.value?.corpora ?? [];
  const used = replayText[0] ?? replayCorpora[0] ?? '';
  const offered = [...texts.map(({ name }) => name), ...corpora];
  return (
    <>
      <Choice
        name="replay"
        label={words.replay}
        help={words.replayHelp}
        value={String(share)}
        options={[...new Set([...shares, share])]
          .sort((a, b) => a - b)
          .map((each) => [String(each), each === 0 ? words.replayNone : formatPercent(each)])}
        disabled={session.busy.value}
        choose={(value) => session.change({ replay: Number(value) })}
      />
      {share > 0 && (
        <Choice
          name="replay-from"
          label={words.replayFrom}
          value={used}
          options={[
            ...new Set([...(used === '' ? [''] : []), ...offered, ...(used === '' ? [] : [used])]),
          ].map((name) => [name, name])}
          disabled={session.busy.value}
          choose={(name) =>
            session.change(
              corpora.includes(name)
                ? { replayText: [], replayCorpora: [name] }
                : { replayText: [name], replayCorpora: [] },
            )
          }
        />
      )}
    </>
  );
}

function Form({ session, form }: { session: Session; form: RecipeForm }) {
  const disabled = session.busy.value;
  return (
    <div class="form">
      <Choice
        name="kind"
        label={words.stage}
        value={form.kind}
        options={stageKinds.map((kind) => [kind, words.stages[kind]])}
        disabled={disabled}
        choose={(kind) => session.change({ kind })}
      />
      <Choice
        name="adapter"
        label={words.adapter}
        value={form.adapter}
        options={adapters.map((adapter) => [adapter, words.adapters[adapter]])}
        disabled={disabled}
        choose={(adapter) => session.change({ adapter })}
      />
      {form.adapter !== 'none' && (
        <NumberChoice
          name="rank"
          label={words.rank}
          value={form.rank}
          usual="8"
          disabled={disabled}
          choose={(rank) => session.change({ rank })}
        />
      )}
      <NumberChoice
        name="rate"
        label={words.rate}
        value={form.learningRate}
        usual={words.usual}
        disabled={disabled}
        choose={(learningRate) => session.change({ learningRate })}
      />
      <NumberChoice
        name="epochs"
        label={words.epochs}
        value={form.epochs}
        usual="1"
        disabled={disabled}
        choose={(epochs) => session.change({ epochs })}
      />
      <Replay session={session} form={form} />
      <DocumentChoices session={session} />
    </div>
  );
}

/** The recipe as a form, and the YAML behind it. */
export function Recipe({ session }: { session: Session }) {
  const form = session.form.value;
  const problem = session.recipeProblem.value;
  // A recipe that lacks only what is dropped next is no problem yet.
  const isBegun = form === null || (form.base !== '' && form.datasets.length > 0);
  return (
    <Step name="recipe" number={3} heading={words.heading}>
      {form === null ? <p>{words.unreadable}</p> : <Form session={session} form={form} />}
      <Documents session={session} />
      <details open={form === null}>
        <summary>{words.yaml}</summary>
        <textarea
          aria-label={words.yaml}
          rows={12}
          spellcheck={false}
          disabled={session.busy.value}
          value={session.recipe.value}
          onInput={(event) => session.setRecipe(event.currentTarget.value)}
        />
      </details>
      {problem !== null && isBegun && (
        <div class="notice" data-tone="bad" role="alert">
          <ProblemText problem={problem} />
        </div>
      )}
      <Plan session={session} isReady={problem === null && isBegun} />
    </Step>
  );
}
