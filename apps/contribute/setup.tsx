import { DropZone } from '../ui/files/drop-zone.tsx';
import { messages } from '../ui/messages.ts';
import type { Controller } from './controller.ts';
import { FilesChoice, takeFiles } from './text/files-choice.tsx';

const words = messages.contribute;

/** The GPU that was found. */
export function Gpu({ session }: { session: Controller }) {
  const gpu = session.probe.value?.gpu;
  return (
    <section class="panel gpu" aria-labelledby="gpu-heading">
      <h2 id="gpu-heading">{words.gpu}</h2>
      {gpu === undefined || 'obstacle' in gpu ? (
        <p class="muted">{words.probing}</p>
      ) : (
        <>
          <p class="gpu-name">{gpu.name}</p>
          {gpu.software && <p class="help">{words.software}</p>}
        </>
      )}
    </section>
  );
}

function CorpusChoice({ session }: { session: Controller }) {
  const { corpus } = session.choice;
  const corpora = session.probe.value?.corpora ?? [];
  const languages = corpora.find(({ name }) => name === corpus.value)?.languages ?? [];
  return (
    <div class="field">
      <label for="corpus">{words.corpusLabel}</label>
      <select
        id="corpus"
        value={corpus.value}
        aria-describedby="corpus-help"
        onChange={(event) => {
          corpus.value = event.currentTarget.value;
        }}
      >
        {corpora.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <p class="help" id="corpus-help">
        {languages.length > 0 && (
          <>
            {words.corpusHelp(languages.length)}{' '}
            <span class="languages">{languages.map(({ name }) => name).join(', ')}</span>
          </>
        )}
      </p>
    </div>
  );
}

function Text({ session }: { session: Controller }) {
  const { source } = session.choice;
  const options = [
    ['corpus', words.corpusChoice],
    ['files', words.filesChoice],
  ] as const;
  return (
    <fieldset disabled={session.busy.value}>
      <legend>
        <h2>{words.text}</h2>
      </legend>
      <div class="options">
        {options.map(([value, label]) => (
          <label key={value} class="option">
            <input
              type="radio"
              name="source"
              value={value}
              checked={source.value === value}
              onChange={() => {
                source.value = value;
              }}
            />
            {label}
          </label>
        ))}
      </div>
      {source.value === 'corpus' ? <CorpusChoice session={session} /> : <FilesChoice session={session} />}
      <DropZone
        here={messages.studio.dropHere}
        help={words.filesHelp}
        disabled={session.busy.value}
        take={(files) => takeFiles(session.choice, files)}
      />
    </fieldset>
  );
}

function Token({ session }: { session: Controller }) {
  const { token } = session.choice;
  const refused = session.progress.value.failure?.code.includes('token') === true;
  if (session.probe.value?.tokenNeeded !== true && !refused) return null;
  return (
    <div class="field token">
      <label for="token">
        <h2>{words.token}</h2>
      </label>
      <input
        id="token"
        type="text"
        disabled={session.busy.value}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        value={token.value}
        aria-invalid={refused}
        aria-describedby="token-help"
        onInput={(event) => {
          token.value = event.currentTarget.value;
        }}
      />
      <p class="help" id="token-help">
        {words.tokenHelp}
      </p>
    </div>
  );
}

/** The choices before the start: the text and, if the relay requires one, the join token. While the node works, they are fixed. */
export function Setup({ session }: { session: Controller }) {
  return (
    <div class="setup">
      <Text session={session} />
      <Token session={session} />
    </div>
  );
}
