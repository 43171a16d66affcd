import { useSignal } from '@preact/signals';
import type { RowForm } from '../../../client/derive/data/row.ts';
import { formatBytes } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import { ProblemText } from '../problems.tsx';
import type { Session } from '../session.ts';
import type { DatasetView } from '../worker/worker-api.ts';
import { Card } from './card.tsx';
import { Rows } from './rows.tsx';
import { RemoveButton, Step } from './step.tsx';

const words = messages.studio;

const forms: readonly RowForm[] = ['text', 'messages', 'answer', 'preference', 'label', 'prompt'];

function formsOf(dataset: DatasetView): string {
  return forms
    .filter((form) => dataset.forms[form] !== undefined)
    .map((form) => words.data.forms[form])
    .join(', ');
}

function Dataset({
  session,
  dataset,
  look,
}: {
  session: Session;
  dataset: DatasetView;
  look: (name: string) => void;
}) {
  const { name, rows, bytes, problems } = dataset;
  const used = session.form.value?.datasets ?? [];
  return (
    <div class="item">
      <label class="choice">
        <input
          type="checkbox"
          checked={used.includes(name)}
          disabled={session.busy.value || (dataset.refusal !== null && !used.includes(name))}
          onChange={(event) =>
            session.change({
              datasets: event.currentTarget.checked ? [...used, name] : used.filter((each) => each !== name),
            })
          }
        />
        <span>
          <strong>{name}</strong> <span class="tag">{formsOf(dataset)}</span>
          <span class="help">{words.data.facts(rows, formatBytes(bytes))}</span>
        </span>
      </label>
      <button
        type="button"
        class="button quiet"
        aria-label={words.data.look(name)}
        disabled={rows === 0}
        onClick={() => look(name)}
      >
        {words.data.lookShort}
      </button>
      <RemoveButton
        label={words.remove(name)}
        disabled={session.busy.value}
        onClick={() => session.removeDataset(name)}
      />
      <Card session={session} dataset={dataset} />
      {problems.map((problem) => (
        <div key={problem.message} class="notice" data-tone="warn">
          <ProblemText problem={problem} />
        </div>
      ))}
    </div>
  );
}

/** The datasets that are here, which of them the recipe reads, and their rows as tokens. */
export function Data({ session }: { session: Session }) {
  const looked = useSignal<string | null>(null);
  const datasets = session.library.value?.datasets ?? [];
  const dataset = datasets.find(({ name }) => name === looked.value);
  return (
    <Step name="data" number={2} heading={words.data.heading}>
      {datasets.length === 0 ? (
        <p class="empty muted">{words.data.empty}</p>
      ) : (
        <fieldset>
          <legend class="visually-hidden">{words.data.legend}</legend>
          {datasets.map((each) => (
            <Dataset
              key={each.name}
              session={session}
              dataset={each}
              look={(name) => {
                looked.value = name;
              }}
            />
          ))}
        </fieldset>
      )}
      {dataset !== undefined && (
        <Rows
          key={dataset.name}
          session={session}
          dataset={dataset}
          close={() => {
            looked.value = null;
          }}
        />
      )}
    </Step>
  );
}
