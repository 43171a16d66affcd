import type { Problem as Finding } from '../../relay/verify/problems.ts';
import { formatDuration } from '../ui/format.ts';
import { Own, ProblemMessage, ProblemNext } from '../ui/language/problem-text.tsx';
import { messages } from '../ui/messages.ts';
import type { Problem } from '../ui/problem.ts';
import { shortName } from './grid.tsx';
import type { Session } from './session.ts';

const words = messages.audit;

export function Progress({ session }: { session: Session }) {
  if (session.phase.value !== 'running') return null;
  const { derived } = session.grid.value;
  return (
    <div class="progress">
      <p>{derived === null ? words.reading : words.derived(derived.round, derived.rounds)}</p>
      <progress aria-label={words.progress} value={derived?.round ?? 0} max={derived?.rounds ?? 1} />
    </div>
  );
}

/** The state of the audit for screen readers; always on the page, so that each change is said. */
export function Said({ session }: { session: Session }) {
  const phase = session.phase.value;
  const problems = session.report.value?.problems.length;
  const verdict = problems === 0 ? words.intact : words.changed(problems ?? 0);
  return (
    <p class="visually-hidden" role="status">
      {phase === 'running' ? words.reading : problems === undefined ? '' : verdict}
    </p>
  );
}

/** What to do on this page; the verifier's own advice names flags of the command. */
function Next({ problem }: { problem: Problem }) {
  const here: Readonly<Record<string, string>> = words.next;
  const told = here[problem.code];
  return told === undefined ? <ProblemNext problem={problem} /> : told;
}

function Failure({ problem }: { problem: Problem }) {
  return (
    <div class="notice" data-tone="warn" role="alert">
      <p>
        <ProblemMessage problem={problem} /> <code class="muted">{problem.code}</code>
      </p>
      <p>
        <strong>{words.nextWord}</strong> <Next problem={problem} />
      </p>
    </div>
  );
}

/** What a finding means, in the language of the page. The verifier's own English follows it, and stands alone on an English page. */
function Meaning({ finding }: { finding: Finding }) {
  const [value = 0, least = 0] = finding.values ?? [];
  const meaning = messages.findings?.[finding.code](value, least);
  return meaning === undefined ? null : <p>{meaning}</p>;
}

/** What the audit found: intact, or each problem with its place; or why there is no verdict. */
export function Verdict({ session }: { session: Session }) {
  const report = session.report.value;
  const problem = session.problem.value;
  const flipped = session.flipped.value;
  if (problem !== null) return <Failure problem={problem} />;
  if (report === null) return null;
  const { problems, rounds, contributions, entries, signed, from, run, relayKey, base } = report;
  const isIntact = problems.length === 0;
  const summary = isIntact ? words.summary : words.partly;
  return (
    <div class="verdict" data-tone={isIntact ? 'good' : 'bad'}>
      <h2>{isIntact ? words.intact : words.changed(problems.length)}</h2>
      {flipped !== null && (
        <p class="notice" data-tone="warn">
          {words.flipped(flipped.body.round, shortName(flipped.body.key))}
        </p>
      )}
      <p>{summary(rounds, contributions, entries, formatDuration(session.took.value))}</p>
      {from > 1 && <p>{words.older(from - 1)}</p>}
      {isIntact && entries > signed && <p>{words.unsigned(entries - signed)}</p>}
      {!isIntact && (
        <ul class="problems">
          {problems.map((found) => (
            <li key={`${found.place} ${found.problem}`} class="notice" data-tone="bad">
              <Meaning finding={found} />
              <Own>
                <code>{found.place}</code> {found.problem}
              </Own>
            </li>
          ))}
        </ul>
      )}
      <dl>
        <dt>{words.run}</dt>
        <dd>{run ?? '–'}</dd>
        <dt>{words.relayKey}</dt>
        <dd>{relayKey ?? '–'}</dd>
        <dt>{words.base}</dt>
        <dd>{base ?? '–'}</dd>
      </dl>
      <p class="muted">
        {words.compare} <code>tapestry verify {session.place}</code>
      </p>
    </div>
  );
}
