import { formatBytes } from '../ui/format.ts';
import { Own } from '../ui/language/problem-text.tsx';
import { messages } from '../ui/messages.ts';
import { shortName } from './grid.tsx';
import type { Accepted, RunGrid, Step } from './run-grid.ts';
import type { Session } from './session.ts';

const words = messages.audit;

const tones = {
  held: 'good',
  changed: 'bad',
  waiting: 'idle',
  unreached: 'idle',
  'not-kept': 'idle',
  'not-merged': 'idle',
} as const;

/** The step's statement, and the hash that the journal has for it. */
function textOf({ name }: Step, contribution: Accepted, grid: RunGrid): [text: string, hash: string | null] {
  const { sequence, hash, body } = contribution;
  if (name === 'entry') return [words.steps.entry(sequence), hash];
  if (name === 'payload') return [words.steps.payload, body.payload];
  if (name !== 'base') return [words.steps[name], null];
  const text = grid.isLeftOut(contribution) ? words.steps['base-without'] : words.steps.base;
  return [text, grid.baseOf(grid.roundOf(contribution))];
}

function Steps({ grid, contribution }: { grid: RunGrid; contribution: Accepted }) {
  const { tokens, steps, payloadBytes } = contribution.body;
  return (
    <>
      <p class="muted">{words.facts(tokens, steps, formatBytes(payloadBytes))}</p>
      <ol class="steps">
        {grid.stepsOf(contribution).map((step) => {
          const [text, hash] = textOf(step, contribution, grid);
          return (
            <li key={step.name}>
              <span class="chip" data-tone={tones[step.result]}>
                {words.results[step.result]}
              </span>
              <p>{text}</p>
              {hash !== null && <code class="hash">{hash}</code>}
              {step.problem !== null && (
                <p class="notice" data-tone="bad">
                  <Own>
                    <code>{step.problem.place}</code> {step.problem.problem}
                  </Own>
                </p>
              )}
            </li>
          );
        })}
      </ol>
    </>
  );
}

/** The steps of the check of one contribution, and of others that its node made in the same round. */
export function Chosen({ session, contribution }: { session: Session; contribution: Accepted | null }) {
  if (contribution === null) return null;
  const grid = session.grid.value;
  const { round, key } = contribution.body;
  const all = grid.contributions(round, key);
  return (
    <section class="panel chosen" aria-labelledby="chosen-heading">
      <h2 id="chosen-heading">{words.chosen(round, shortName(key))}</h2>
      {all.map((one, index) => (
        <div key={one.sequence} class="one">
          {all.length > 1 && <p>{words.attempt(index + 1, all.length)}</p>}
          <Steps grid={grid} contribution={one} />
        </div>
      ))}
      {session.phase.value !== 'running' && (
        <button type="button" class="button" onClick={() => void session.start(contribution)}>
          {words.flip}
        </button>
      )}
    </section>
  );
}
