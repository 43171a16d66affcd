import type { BatchShape } from '../../../data/batch.ts';
import type { Example } from '../../../data/example.ts';
import type { ModelTokenizer } from '../../../data/tokenizer.ts';
import { mean } from '../../../mean.ts';
import type { Trainer } from '../../../train/trainer.ts';
import type { Row } from '../../data/row.ts';
import { rewardBatch, rewardObjective } from '../../objectives/kernels/reward.ts';
import { type RewardLoss, rewardLoss, scoredExample } from '../../objectives/reward.ts';
import { scoresOf } from '../../reward/scores.ts';
import type { Examples } from '../examples.ts';
import { type GroupLoss, groupsOf } from './group-loss.ts';
import { pairExamples } from './pairs.ts';

/** The pairs of rows as examples to score, the chosen answer and then the rejected one. */
export function scoredPairs(rows: readonly Row[], tokenizer: ModelTokenizer, sequence: number): Examples {
  return pairExamples(rows, tokenizer, sequence, scoredExample);
}

/** The loss of a reward model over pairs of a chosen and a rejected answer; their margins are those of the rows. */
export function scoreLoss(kind: RewardLoss): GroupLoss {
  return {
    objective: rewardObjective,
    hasReference: false,
    batch(batch, examples) {
      const pairs = groupsOf(batch.places).map(([chosen, rejected]) => {
        const { margin = 0 } = examples[chosen.example] ?? {};
        return { chosen, rejected, margin };
      });
      return rewardBatch(kind, batch, pairs);
    },
    async measure(trainer, examples, _, shape) {
      const scores = groupsOf(await trainerScores(trainer, examples, shape));
      const pairs = groupsOf(examples).map(([{ margin = 0 }], index) => {
        const [chosen, rejected] = scores[index] ?? [Number.NaN, Number.NaN];
        return { chosen, rejected, margin };
      });
      return {
        loss: rewardLoss(kind, pairs).loss,
        accuracy: mean(pairs.map(({ chosen, rejected }) => Number(chosen > rejected))),
        margin: mean(pairs.map(({ chosen, rejected }) => chosen - rejected)),
        chosen: mean(pairs.map(({ chosen }) => chosen)),
        rejected: mean(pairs.map(({ rejected }) => rejected)),
      };
    },
  };
}

function trainerScores(trainer: Trainer, examples: readonly Example[], shape: BatchShape): Promise<number[]> {
  return scoresOf((batch) => trainer.logProbabilities(batch), examples, shape);
}
