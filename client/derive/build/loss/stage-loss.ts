import type { StageRecipe } from '../../recipe/recipe.ts';
import type { GroupLoss } from './group-loss.ts';
import { labelLoss } from './labels.ts';
import { pairLoss } from './pairs.ts';
import { scoreLoss } from './scores.ts';

/** The loss over groups of examples that a stage trains; null if it trains the mean loss of targets. */
export function stageLoss({ kind, preference, reward }: StageRecipe): GroupLoss | null {
  if (reward !== null) return scoreLoss(reward);
  if (kind !== 'prefer') return null;
  const { loss, beta, labelSmoothing, likelihood } = preference;
  switch (loss) {
    case 'dpo':
      return pairLoss({ kind: 'dpo', beta, labelSmoothing, likelihood });
    case 'robust':
      return pairLoss({ kind: 'robust', beta, labelSmoothing, likelihood });
    case 'ipo':
    case 'hinge':
      return pairLoss({ kind: loss, beta, likelihood });
    case 'simpo':
      return pairLoss({ kind: 'simpo', beta, margin: simpoMargin, likelihood });
    case 'orpo':
      return pairLoss({ kind: 'orpo', lambda: beta, likelihood });
    case 'kto':
      return labelLoss({ beta });
    default:
      return loss satisfies never;
  }
}

/** The margin that TRL uses unless told otherwise. */
const simpoMargin = 0.5;
