import { ProblemMessage, ProblemNext } from '../ui/language/problem-text.tsx';
import { messages } from '../ui/messages.ts';
import type { Problem } from '../ui/problem.ts';
import type { Session } from './session.ts';

const words = messages.studio;

/** A problem with what to do about it. */
export function ProblemText({ problem }: { problem: Problem }) {
  return (
    <>
      <p>
        <ProblemMessage problem={problem} /> <code class="muted">{problem.code}</code>
      </p>
      <p>
        <strong>{words.next}</strong> <ProblemNext problem={problem} />
      </p>
    </>
  );
}

/** Problems with files and models, newest last, until they are dismissed. */
export function Problems({ session }: { session: Session }) {
  return (
    <section class="problems" aria-label={words.problems} aria-live="polite">
      {session.problems.value.map((problem) => (
        <div key={problem.message} class="notice" data-tone="bad">
          <div>
            <ProblemText problem={problem} />
          </div>
          <button type="button" class="button quiet" onClick={() => session.dismiss(problem)}>
            {words.dismiss}
          </button>
        </div>
      ))}
    </section>
  );
}
