import { formatBytes } from '../../ui/format.ts';
import { ProblemMessage, ProblemNext } from '../../ui/language/problem-text.tsx';
import { messages } from '../../ui/messages.ts';
import type { Controller } from '../controller.ts';
import './files-choice.css';

const words = messages.contribute;

/** The files that are chosen, by name and size; after a reload, those to choose again. */
function ChosenFiles({ session }: { session: Controller }) {
  const files = session.choice.files.value;
  const lost = session.choice.lostFiles.value;
  if (files.length === 0)
    return lost.length === 0 ? null : <strong>{words.filesLost(lost.join(', '))} </strong>;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  return (
    <strong>
      {words.filesChosen(files.length, formatBytes(size))}: {files.map((file) => file.name).join(', ')}.{' '}
    </strong>
  );
}

/** What the chosen files hold. While the node works, the notices show the problems instead. */
function Preview({ session }: { session: Controller }) {
  const read = session.preview.value;
  if (session.choice.files.value.length === 0) return null;
  return (
    <div class="preview" aria-live="polite">
      {read === null && <p class="help">{words.textReading}</p>}
      {!session.busy.value &&
        read?.problems.map((problem) => (
          <div key={problem.message} class="notice" data-tone={read.bytes === 0 ? 'bad' : 'warn'}>
            <p>
              <ProblemMessage problem={problem} />
            </p>
            <p class="muted">
              {words.next} <ProblemNext problem={problem} />
            </p>
          </div>
        ))}
      {read !== null && read.bytes > 0 && (
        <figure>
          <figcaption class="help">{words.textFirstLines(formatBytes(read.bytes))}</figcaption>
          <blockquote dir="auto">
            {read.firstLines.map((line, index) => (
              <p key={`${index} ${line}`}>{line}</p>
            ))}
          </blockquote>
        </figure>
      )}
    </div>
  );
}

/** The choice of one's own files, with what the worker reads in them. */
export function FilesChoice({ session }: { session: Controller }) {
  const { files, lostFiles } = session.choice;
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
          lostFiles.value = [];
        }}
      />
      <p class="help" id="files-help">
        <ChosenFiles session={session} />
        {words.filesHelp}
      </p>
      <Preview session={session} />
    </div>
  );
}
