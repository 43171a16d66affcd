import type { WholeManifest } from '../../wire/frames.ts';

/** Why a relay cannot run a manifest's outer optimizer; null if it can. */
export function outerProblem({ strategy, model }: Pick<WholeManifest, 'strategy' | 'model'>): string | null {
  const { outer, rounds, part } = strategy;
  switch (outer.case) {
    case 'nesterov':
      return null;
    case 'sgd': {
      const { learningRate, finalRate, constantRounds } = outer.value;
      if (learningRate <= 0 || finalRate <= 0) return 'the rates of its outer optimizer must be above 0';
      return constantRounds < 1 || constantRounds > rounds
        ? 'the rate of its outer optimizer must be constant for 1 to all rounds'
        : null;
    }
    case 'delayedNesterov': {
      const { learningRate, momentum, period, correction } = outer.value;
      if (learningRate <= 0 || momentum < 0)
        return 'the rate and momentum of its outer optimizer are negative or 0';
      if (period < 1) return 'the momentum of its outer optimizer must change every 1 or more rounds';
      // Rounds of one fragment would never be those in which the momentum changes.
      if (part.case !== 'wholeModel') return 'delayed Nesterov needs rounds that synchronize the whole model';
      if (correction.case !== 'heloco') return null;
      const { tensors, aligned, turn } = correction.value;
      const size = tensors.reduce((sum, tensor) => sum + tensor, 0);
      if (size !== model.parameters || tensors.includes(0))
        return "HeLoCo's tensors do not make up its parameters";
      return aligned <= 0 || turn < 0 ? "HeLoCo's aligned must be above 0, and turn not negative" : null;
    }
  }
}
