import type { ChatFormat } from '../../../client/derive/chat/answer-prompt.ts';
import { formatCount, formatShare } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import type { Session } from '../session.ts';
import type { BreachView } from '../worker/worker-api.ts';

const words = messages.studio.breaches;

function Result({ result: { models, prompts, counted } }: { result: BreachView }) {
  const [one, other] = counted;
  const share = (count: number) => `${formatCount(count)} (${formatShare(count, prompts)})`;
  return (
    <table class="figures">
      <caption class="help">{words.caption(prompts)}</caption>
      <thead>
        <tr>
          <td />
          {models.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">{words.any}</th>
          <td>{share(one.breaking)}</td>
          <td>{share(other.breaking)}</td>
        </tr>
        {one.rules.map(({ kind, id, count }, index) => (
          <tr key={`${kind} ${id}`}>
            <th scope="row">{words.rule[kind](id)}</th>
            <td>{formatCount(count)}</td>
            <td>{formatCount(other.rules[index]?.count ?? 0)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What the two models' answers break of the recipe's rules: the base's before, the derivative's after. */
export function Breaches({
  session,
  models,
  format,
  maxTokens,
}: {
  session: Session;
  models: readonly [string, string];
  format: ChatFormat;
  maxTokens: number;
}) {
  const form = session.form.value;
  const hasRules =
    form !== null && (form.constitution !== null || form.protectedFile !== null || form.hasOwnRules);
  if (!hasRules) return null;
  const { breaches } = session;
  const progress = breaches.progress.value;
  const result = breaches.result.value;
  const isReady = form.datasets.length > 0 && session.recipeProblem.value === null;
  return (
    <section class="breaches" aria-labelledby="breaches-heading">
      <h3 id="breaches-heading">{words.heading}</h3>
      <p class="help">{words.help}</p>
      <div class="buttons">
        <button
          type="button"
          class="button"
          disabled={progress !== null || !isReady || session.busy.value || models[0] === models[1]}
          onClick={() => breaches.count(session.recipe.value, { models, format, maxTokens })}
        >
          {words.count}
        </button>
        <p role="status" class="help">
          {progress !== null && words.counting(formatCount(progress.done), formatCount(progress.all))}
        </p>
      </div>
      {result?.models.every((name, index) => name === models[index]) && <Result result={result} />}
    </section>
  );
}
