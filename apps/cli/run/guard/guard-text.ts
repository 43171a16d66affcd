import type { WholeManifest } from '../../../../relay/wire/frames.ts';

/** The guard of a run as JSON: nats a token, and the newest bases that count; null for none. */
export function guardFact({ guard }: WholeManifest): { maxIncrease: number | null; rounds: number | null } {
  if (guard.case === 'unguarded') return { maxIncrease: null, rounds: null };
  const { maxIncrease, rounds } = guard.value;
  return { maxIncrease, rounds };
}

/** What the guard of a run does, for its operator, before the first round is refused. */
export function guardText({ guard, strategy }: WholeManifest): string {
  if (guard.case === 'unguarded') return 'No guard: every base is published, whatever its loss.';
  const { maxIncrease, rounds } = guard.value;
  const before = rounds >= strategy.rounds ? 'the best base before' : `the best of the last ${rounds} bases`;
  return (
    `Guard: a base whose loss on the probe is more than ${maxIncrease} nats a token above that of ${before} is not ` +
    'published. The probe must be like what nodes train on: --probe FILE chooses its text for a new run, --guard off makes none.'
  );
}
