import { messages } from '../../ui/messages.ts';
import { ProblemText } from '../problems.tsx';
import type { Session } from '../session.ts';
import type { DocumentView } from '../worker/worker-api.ts';
import { Choice } from './fields.tsx';
import { RemoveButton } from './step.tsx';

const words = messages.studio.documents;

function factsOf({ kind, principles, rules, signatures }: DocumentView): string {
  const facts = {
    constitution: [words.principles(principles), words.rules(rules), words.signatures(signatures)],
    rules: [words.rules(rules)],
    function: [words.sandbox],
  };
  return facts[kind].join(', ');
}

/** The choice of one file of a kind, or of none. */
function DocumentChoice({
  session,
  kind,
  value,
  choose,
}: {
  session: Session;
  kind: DocumentView['kind'];
  value: string | null;
  choose: (name: string | null) => void;
}) {
  const names = (session.library.value?.documents ?? [])
    .filter((document) => document.kind === kind)
    .map(({ name }) => name);
  if (names.length === 0 && value === null) return null;
  const all = value === null || names.includes(value) ? names : [...names, value];
  return (
    <Choice
      name={`document-${kind}`}
      label={words.kinds[kind]}
      value={value ?? ''}
      options={[['', words.none], ...all.map((name) => [name, name] as const)]}
      disabled={session.busy.value}
      choose={(name) => choose(name === '' ? null : name)}
    />
  );
}

/** Which constitution, which protected domains and which reward function the recipe names. */
export function DocumentChoices({ session }: { session: Session }) {
  const form = session.form.value;
  if (form === null) return null;
  return (
    <>
      <DocumentChoice
        session={session}
        kind="constitution"
        value={form.constitution}
        choose={(constitution) => session.change({ constitution })}
      />
      {!form.hasOwnRules && (
        <DocumentChoice
          session={session}
          kind="rules"
          value={form.protectedFile}
          choose={(protectedFile) => session.change({ protectedFile })}
        />
      )}
      {form.kind === 'reinforce' && (
        <DocumentChoice
          session={session}
          kind="function"
          value={form.rewardFunction}
          choose={(rewardFunction) => session.change({ rewardFunction })}
        />
      )}
    </>
  );
}

/** The files that recipes name, with what they hold. */
export function Documents({ session }: { session: Session }) {
  const documents = session.library.value?.documents ?? [];
  if (documents.length === 0) return null;
  return (
    <ul class="documents" aria-label={words.list}>
      {documents.map((document) => (
        <li key={document.name} class="item">
          <span class="choice">
            <span>
              <strong>{document.name}</strong> <span class="tag">{words.tags[document.kind]}</span>
              <span class="help">{factsOf(document)}</span>
            </span>
          </span>
          <RemoveButton
            label={messages.studio.remove(document.name)}
            disabled={session.busy.value}
            onClick={() => session.removeDocument(document)}
          />
          {document.problem !== null && (
            <div class="notice" data-tone="bad">
              <ProblemText problem={document.problem} />
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}
