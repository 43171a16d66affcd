import type { WholeStrategy } from '../../wire/frames.ts';
import { delayedNesterov } from './delayed-nesterov.ts';
import { nesterov } from './nesterov.ts';
import type { OuterOptimizer } from './outer-optimizer.ts';
import { sgd } from './sgd.ts';

/** The outer optimizer that a manifest chooses. */
export function outerOptimizerOf({ outer, rounds }: Pick<WholeStrategy, 'outer' | 'rounds'>): OuterOptimizer {
  switch (outer.case) {
    case 'nesterov':
      return nesterov(outer.value);
    case 'sgd':
      return sgd({ ...outer.value, rounds });
    case 'delayedNesterov': {
      const { correction, ...settings } = outer.value;
      return delayedNesterov({
        ...settings,
        correction: correction.case === 'heloco' ? correction.value : null,
      });
    }
  }
}
