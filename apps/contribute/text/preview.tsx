import { formatBytes } from '../../ui/format.ts';
import { ProblemMessage, ProblemNext } from '../../ui/language/problem-text.tsx';
import { messages } from '../../ui/messages.ts';
import type { Controller } from '../controller.ts';

const words = messages.contribute;

/** What the person's own text holds. While the node works, the notices show the problems instead. */
export function Preview({ session }: { session: Controller }) {
  const read = session.preview.value;
  if (session.choice.ownText.value.length === 0) return null;
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
