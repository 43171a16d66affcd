import { plural } from './grammar.ts';

/** The texts of a round that is open on the dashboard. */
export const roundWords = {
  choose: 'Committed rounds. The arrows choose one, Enter opens it.',
  round: (round: number, rounds: number) => `Round ${round} of ${rounds}`,
  open: (round: number) => `Open round ${round}`,
  before: 'Before',
  next: 'Next',
  close: 'Close',
  asking: 'Asking the relay…',
  missing: 'This round is not committed yet.',
  failed: 'The relay did not answer. Close the round and open it again.',
  contributions: 'Contributions',
  given: (contributions: number, excluded: number) =>
    excluded === 0 ? `${contributions}` : `${contributions}, ${excluded} of them left out`,
  tokens: 'Tokens',
  steps: 'Steps',
  loss: 'Loss',
  trainingLoss: 'Training loss',
  probeLoss: 'Measured by the relay',
  committed: 'Committed',
  base: 'Base',
  sample: 'What the base wrote',
  who: 'Who contributed',
  leftOut: '(left out)',
  upper: '(upper layers)',
  first: (shown: number) =>
    plural(shown, {
      one: 'Only the first is shown; the journal has all.',
      other: 'Only the first # are shown; the journal has all.',
    }),
  reported: 'Losses, steps and tokens are as the nodes report them.',
} as const;
