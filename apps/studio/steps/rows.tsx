import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { LossToken } from '../../../client/derive/build/loss-spans.ts';
import { formatCount } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import type { Session } from '../session.ts';
import type { DatasetView, RowView } from '../worker/worker-api.ts';

const words = messages.studio.data;

/** Tokens of an example; those that carry loss are marked by a line below, and not by colour alone. */
function Tokens({ tokens, label }: { tokens: readonly LossToken[]; label: string | null }) {
  const carrying = tokens.filter(({ carriesLoss }) => carriesLoss).length;
  return (
    <figure class="tokens">
      <figcaption class="help">
        {label !== null && <strong>{label}: </strong>}
        {words.carrying(carrying, tokens.length)}
      </figcaption>
      <p>
        {tokens.map(({ token, text, carriesLoss }, at) => {
          const title = words.tokenTitle(token);
          return carriesLoss ? (
            <mark key={at} title={title}>
              {text}
            </mark>
          ) : (
            <span key={at} title={title}>
              {text}
            </span>
          );
        })}
      </p>
    </figure>
  );
}

function Row({ row }: { row: RowView }) {
  const isPair = row.form === 'preference' && row.examples.length === 2;
  return (
    <div>
      {row.protectedBy.length > 0 && (
        <p class="notice" data-tone="warn">
          {words.protectedBy(row.protectedBy.join(', '))}
        </p>
      )}
      {row.leftOut !== null && <p class="help">{words.leftOut[row.leftOut]}</p>}
      {row.examples.map((tokens, at) => (
        <Tokens key={at} tokens={tokens} label={isPair ? (at === 0 ? words.chosen : words.rejected) : null} />
      ))}
    </div>
  );
}

/** The rows of a dataset, one at a time, as the model will see them. */
export function Rows({
  session,
  dataset,
  close,
}: {
  session: Session;
  dataset: DatasetView;
  close: () => void;
}) {
  const at = useSignal(0);
  const row = useSignal<RowView | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const recipe = session.recipe.value;
  const hasModel =
    session.library.value?.models.some(({ name }) => name === session.form.value?.base) === true;
  const isBroken = session.recipeProblem.value !== null;
  useEffect(() => heading.current?.focus(), []);
  useEffect(() => {
    let current = true;
    if (!hasModel || isBroken) row.value = null;
    else
      void session.rows(dataset.name, at.value, 1).then(([found = null]) => {
        if (current) row.value = found;
      });
    return () => {
      current = false;
    };
  }, [session, dataset, at.value, recipe, hasModel, isBroken, row]);
  const move = (by: number) => {
    at.value = Math.min(dataset.rows - 1, Math.max(0, at.value + by));
  };
  return (
    <section class="rows" aria-labelledby="rows-heading">
      <h3 id="rows-heading" ref={heading} tabIndex={-1}>
        {words.rows(dataset.name)}
      </h3>
      {(!hasModel || isBroken) && <p class="help">{hasModel ? words.needsRecipe : words.needsModel}</p>}
      {row.value !== null && <Row row={row.value} />}
      <p class="help">
        <mark>{words.legendLoss}</mark> <span>{words.legendContext}</span>
      </p>
      <div class="buttons">
        <button type="button" class="button" disabled={at.value === 0} onClick={() => move(-1)}>
          {words.previous}
        </button>
        <button type="button" class="button" disabled={at.value === dataset.rows - 1} onClick={() => move(1)}>
          {words.following}
        </button>
        <label class="row-number">
          {words.row}
          <input
            type="number"
            min={1}
            max={dataset.rows}
            value={at.value + 1}
            onChange={(event) => {
              const wanted = event.currentTarget.valueAsNumber;
              if (Number.isInteger(wanted)) move(wanted - 1 - at.value);
            }}
          />
          {words.ofRows(formatCount(dataset.rows))}
        </label>
        <button type="button" class="button quiet" onClick={close}>
          {words.close}
        </button>
      </div>
    </section>
  );
}
