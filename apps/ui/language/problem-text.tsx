import type { ComponentChildren } from 'preact';
import { messages } from '../messages.ts';
import type { Problem } from '../problem.ts';
import { familyOf, translatedProblems } from '../words/problems.ts';

/** The problem's texts in the language of the page, of its code or of its family; null where there are none but those of the error. */
function translationOf({ code }: Pick<Problem, 'code'>) {
  const exact = translatedProblems.find((each) => each === code);
  const known = exact ?? familyOf(code);
  const texts = known === null ? null : (messages.problems?.[known] ?? null);
  return texts && { ...texts, isExact: exact !== undefined };
}

/** Words of an error or of the verifier itself, which are English in every language. */
export function Own({ children }: { children: ComponentChildren }) {
  return (
    <bdi lang="en" dir="ltr">
      {children}
    </bdi>
  );
}

/** A text in the language of the page, and the error's own beside it. */
function Both({ translated, own }: { translated: string; own: string }) {
  return (
    <>
      {translated}{' '}
      <small class="muted">
        <Own>{own}</Own>
      </small>
    </>
  );
}

/** What is wrong. Where the page's language has words for it, the error's own follow, because they name files and numbers. */
export function ProblemMessage({ problem }: { problem: Problem }) {
  const translation = translationOf(problem);
  if (translation === null) return <Own>{problem.message}</Own>;
  return <Both translated={translation.message} own={problem.message} />;
}

/** What to do about a problem. A family's text is general, so the error's own follows it. */
export function ProblemNext({ problem }: { problem: Problem }) {
  const translation = translationOf(problem);
  if (translation === null) return <Own>{problem.next}</Own>;
  if (translation.isExact) return translation.next;
  return <Both translated={translation.next} own={problem.next} />;
}
