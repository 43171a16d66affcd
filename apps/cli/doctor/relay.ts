import type { RelayStatus } from '../../../relay/wire/status.ts';
import { span } from '../terminal/bar.ts';
import { type Check, ok, problem, warning } from './check.ts';

/** Certificates and the order of a journal bear this much; the header of an answer has whole seconds. */
const mostSkewMilliseconds = 60_000;

/** This machine's clock against the relay's, by the Date of its answer. */
export function checkClock(date: string | null, now: number): Check {
  const theirs = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(theirs))
    return warning('clock', 'the relay does not say its time', 'Compare the clocks by hand.');
  const skew = Math.abs(now - theirs);
  if (skew <= mostSkewMilliseconds) return ok('clock', 'like that of the relay');
  return warning(
    'clock',
    `${span(skew)} ${now > theirs ? 'ahead of' : 'behind'} that of the relay`,
    'Let the system set its clock (NTP), or certificates may count as expired.',
  );
}

/**
 * Whether a node finishes a round of the run before its deadline. `cost` is in milliseconds a token and parameter; null
 * without an adapter.
 */
export function checkPace(cost: number | null, { run, round }: Pick<RelayStatus, 'run' | 'round'>): Check {
  if (cost === null)
    return problem('pace', 'not measured: there is no adapter', 'Solve the problem of the adapter first.');
  const takes = cost * run.parameters * run.tokensPerStep * run.localSteps;
  const found = `about ${span(takes)} of training a round`;
  if (round.openedAt === null || round.deadlineAt === null) return ok('pace', found);
  const given = round.deadlineAt - round.openedAt;
  if (takes <= given) return ok('pace', `${found}, which has ${span(given)}`);
  return problem(
    'pace',
    `${found}, which has only ${span(given)}`,
    'Ask the operator for fewer --steps or a longer --deadline, or join with a faster machine.',
  );
}
