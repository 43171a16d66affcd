import { formatBytes } from '../ui/format.ts';
import { messages } from '../ui/messages.ts';
import type { Session } from './session.ts';

const words = messages.contribute;

function Gpu({ session }: { session: Session }) {
  const gpu = session.probe.value?.gpu;
  return (
    <section class="gpu" aria-labelledby="gpu-heading">
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

function NationChoice({ session }: { session: Session }) {
  const { nation } = session.choice;
  const nations = session.probe.value?.nations ?? [];
  const languages = nations.find(({ name }) => name === nation.value)?.languages ?? [];
  return (
    <div class="field">
      <label for="nation">{words.nationLabel}</label>
      <select
        id="nation"
        value={nation.value}
        aria-describedby="nation-help"
        onChange={(event) => {
          nation.value = event.currentTarget.value;
        }}
      >
        {nations.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <p class="help" id="nation-help">
        {languages.length > 0 && (
          <>
            {words.nationHelp(languages.length)}{' '}
            <span class="languages">{languages.map(({ name }) => name).join(', ')}</span>
          </>
        )}
      </p>
    </div>
  );
}

function FilesChoice({ session }: { session: Session }) {
  const { files } = session.choice;
  const size = files.value.reduce((sum, file) => sum + file.size, 0);
  return (
    <div class="field">
      <label for="files">{words.filesLabel}</label>
      <input
        id="files"
        type="file"
        multiple
        accept=".txt,.md,.jsonl,.ndjson,text/plain,text/markdown"
        aria-describedby="files-help"
        onChange={(event) => {
          files.value = [...(event.currentTarget.files ?? [])];
        }}
      />
      <p class="help" id="files-help">
        {files.value.length > 0 && (
          <strong>{words.filesChosen(files.value.length, formatBytes(size))}. </strong>
        )}
        {words.filesHelp}
      </p>
    </div>
  );
}

function Text({ session }: { session: Session }) {
  const { source } = session.choice;
  const options = [
    ['nation', words.nationChoice],
    ['files', words.filesChoice],
  ] as const;
  return (
    <fieldset>
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
      {source.value === 'nation' ? <NationChoice session={session} /> : <FilesChoice session={session} />}
    </fieldset>
  );
}

function Token({ session }: { session: Session }) {
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

/** What was settled, in one line: it stays so until the contributor has left. */
function Settled({ session }: { session: Session }) {
  const { source, nation, files } = session.choice;
  const gpu = session.probe.value?.gpu;
  return (
    <dl class="panel settled">
      <div>
        <dt>{words.gpu}</dt>
        <dd>{gpu !== undefined && 'name' in gpu ? gpu.name : ''}</dd>
      </div>
      <div>
        <dt>{words.text}</dt>
        <dd>{source.value === 'nation' ? nation.value : files.value.map((file) => file.name).join(', ')}</dd>
      </div>
    </dl>
  );
}

/** What is chosen before the start: the text and, where the relay wants one, the join token. */
export function Setup({ session }: { session: Session }) {
  if (session.busy.value) return <Settled session={session} />;
  return (
    <div class="panel setup">
      <Gpu session={session} />
      <Text session={session} />
      <Token session={session} />
    </div>
  );
}
