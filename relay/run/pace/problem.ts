import type { WholeManifest } from '../../wire/frames.ts';

/** Why a relay cannot run a manifest's pace; null if it can. */
export function paceProblem({
  pace,
  strategy,
  limits,
  quality,
  upstream,
  mixing,
}: WholeManifest): string | null {
  switch (pace.case) {
    case 'fixedSteps':
      return null;
    case 'timed': {
      const { leastSteps, stretch } = pace.value;
      if (leastSteps < 1 || leastSteps > strategy.localSteps || stretch < 100)
        return 'least_steps must be from 1 to the local steps, and stretch at least 100';
      return limits.graceMs >= limits.deadlineMs
        ? 'timed rounds need a deadline that is longer than the grace'
        : null;
    }
    case 'arrivals': {
      const { leastSteps } = pace.value;
      if (leastSteps < 1 || leastSteps > strategy.localSteps)
        return 'least_steps must be from 1 to the local steps';
      // A round is there for whoever arrives, and none waits for others.
      if (limits.quorum !== 1) return 'a run with arrivals needs a quorum of 1';
      if (strategy.part.case === 'fragments')
        return 'a run with arrivals cannot synchronize fragments: its nodes begin from bases of different rounds';
      // Nobody is too slow: a round waits for no one.
      if (strategy.part.case === 'upperLayers') return 'a run with arrivals cannot grant its upper layers';
      if (quality.case === 'measured')
        return 'measured quality compares the contributions of a round with each other';
      return upstream.length > mixing.length
        ? 'a run that waits for the bases of an upstream run cannot have arrivals'
        : null;
    }
  }
}
