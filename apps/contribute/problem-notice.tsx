import { ProblemMessage, ProblemNext } from '../ui/language/problem-text.tsx';
import { messages } from '../ui/messages.ts';
import type { Problem } from '../ui/problem.ts';

/** A problem that ended something, in the words of its error, with what to do. */
export function ProblemNotice({ problem }: { problem: Problem | null }) {
  if (problem === null) return null;
  return (
    <div class="notice" data-tone="bad" role="alert">
      <p>
        <ProblemMessage problem={problem} /> <code class="muted">{problem.code}</code>
      </p>
      <p>
        <strong>{messages.contribute.next}</strong> <ProblemNext problem={problem} />
      </p>
    </div>
  );
}
