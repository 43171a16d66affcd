import { journalOf } from '../relay/journal-of.ts';

/** The steps of a key's contributions that the bases of an upstream run hold, of each base that a mix names. */
export function stepsIn(
  upstream: string,
  key: string,
  mixes: readonly { readonly round: number }[],
): number[] {
  const steps = [0];
  let open = 0;
  for (const { kind, body } of journalOf(upstream)) {
    if (kind === 'round-opened') open = 0;
    if (kind === 'contribution-accepted' && body.key === key) open += body.steps;
    if (kind === 'round-committed') steps.push((steps.at(-1) ?? 0) + open);
  }
  return mixes.map(({ round }) => steps[round] ?? Number.NaN);
}
