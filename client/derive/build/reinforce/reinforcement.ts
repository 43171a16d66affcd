import type { BatchShape } from '../../../data/batch.ts';
import type { Trainer } from '../../../train/trainer.ts';
import { logProbabilitiesOf, ofTargets } from '../../log-probabilities.ts';
import { meanDivergence } from '../../objectives/policy.ts';
import type { Reinforce } from '../../recipe/reinforce.ts';
import type { StageExample } from '../loss/group-loss.ts';
import type { ValueName } from '../measurement.ts';
import type { StageData } from '../stage-data.ts';
import { CompletionSampler, type CompletionSamplerOptions, type SampledGroups } from './completions.ts';
import { groupFigures, withAdvantages } from './group-figures.ts';
import { emptyTally, type RolloutBatches } from './rollout-batches.ts';

/** Prompts of a measurement, at most. */
export const measuredPrompts = 16;

export interface ReinforcementOptions extends Omit<CompletionSamplerOptions, 'sequences'> {
  readonly data: Pick<StageData, 'train' | 'heldOut'>;
  readonly shape: BatchShape;
  readonly seed: number;
  readonly batches: RolloutBatches;
  /** The trained parameters that the stage begins with: the reference that divergence is measured from. */
  readonly start: Float32Array<ArrayBuffer>;
}

/** The completions that the next updates learn from. */
export interface Rollout {
  /** What a watcher sees: the mean reward and length, the spread within groups, the groups dropped for having none, and failures. */
  readonly figures: ReturnType<typeof groupFigures> &
    Omit<SampledGroups, 'groups'> & { readonly dropped: number };
  /** False if every group was dropped, so that there is nothing to learn. */
  readonly teaches: boolean;
  /** Readies the batches, when the trainer holds the parameters that wrote the completions. */
  prepare(trainer: Trainer): Promise<void>;
}

/** Samples completions, and gives them with their rewards to the batches of a stage. */
export class Reinforcement {
  readonly #options: ReinforcementOptions;
  readonly #sampler: CompletionSampler;

  private constructor(options: ReinforcementOptions, sampler: CompletionSampler) {
    this.#options = options;
    this.#sampler = sampler;
  }

  /** Throws the errors of `CompletionSampler.open`. */
  static async open(options: ReinforcementOptions): Promise<Reinforcement> {
    const sequences = options.batches.completions;
    return new Reinforcement(options, await CompletionSampler.open({ ...options, sequences }));
  }

  get reinforce(): Reinforce {
    return this.#options.reinforce;
  }

  /**
   * The rollout after `step` updates, by the model of `trained`, which the trainer holds. If aborted, rejects with the signal's reason.
   */
  async draw(trained: Float32Array<ArrayBuffer>, step: number, signal: AbortSignal): Promise<Rollout> {
    const { batches, data, seed, reinforce, start } = this.#options;
    const prompts = batches.draw().flatMap((index) => data.train[index] ?? []);
    const random = { seed, firstStream: step * batches.completions };
    const sampled = await this.#sampler.sample(trained, prompts, random, signal);
    const { groups, failures, failure } = sampled;
    const { completions, dropped } = withAdvantages(groups, reinforce.scaled);
    const { tally } = batches;
    batches.tally = {
      reward: groups.flat().reduce((sum, { reward }) => sum + reward, tally.reward),
      completions: tally.completions + groups.flat().length,
      dropped: tally.dropped + dropped,
      failures: tally.failures + failures,
    };
    return {
      figures: { ...groupFigures(groups), dropped, failures, failure },
      teaches: completions.length > 0,
      prepare: async (trainer) => {
        const examples = completions.map(({ example }) => example);
        const batch = batches.lay(examples);
        const old = await trainer.logProbabilities(batch);
        const reference =
          reinforce.loss.beta === 0
            ? old
            : await withParameters(trainer, start, trained, () => trainer.logProbabilities(batch));
        const placed = completions.map(({ advantage }, index) => {
          const place = batch.places[index] ?? { example: index, first: 0, end: 0 };
          const own = (rows: Float32Array) => rows.subarray(place.first, place.end);
          return { place, advantage, old: own(old), reference: own(reference) };
        });
        batches.learnFrom(examples, placed);
      },
    };
  }

  /**
   * Measures the model of `trained`, which the trainer holds, on held-out prompts or, if there are none, on prompts that are trained
   * on; always with the same random numbers. The rollouts since the measurement before are counted in, and their count begins again.
   */
  async measure(
    trained: Float32Array<ArrayBuffer>,
    signal: AbortSignal,
  ): Promise<Partial<Record<ValueName, number>>> {
    const { batches, data, seed, shape, start, loop } = this.#options;
    const from: readonly StageExample[] = data.heldOut.length > 0 ? data.heldOut : data.train;
    // Streams below 0 are those of measurements.
    const prompts = from.slice(0, measuredPrompts);
    const firstStream = -prompts.length * this.reinforce.group;
    const { groups } = await this.#sampler.sample(trained, prompts, { seed, firstStream }, signal);
    const { trainer } = loop;
    const examples = groups.flat().map(({ example }) => example);
    const own = await logProbabilitiesOf(trainer, examples, shape);
    const reference = await withParameters(trainer, start, trained, () =>
      logProbabilitiesOf(trainer, examples, shape),
    );
    const { reward, completions, dropped, failures } = batches.tally;
    batches.tally = emptyTally;
    return {
      ...groupFigures(groups),
      divergence: meanDivergence(ofTargets(examples, own), ofTargets(examples, reference)),
      ...(completions > 0 && { training_reward: reward / completions, dropped_groups: dropped }),
      ...(failures > 0 && { failed_rewards: failures }),
    };
  }

  close(): void {
    this.#sampler.close();
  }
}

/** The answer of `ask` while the trainer holds other parameters; then it holds `own` again. */
async function withParameters<Answer>(
  trainer: Trainer,
  others: Float32Array<ArrayBuffer>,
  own: Float32Array<ArrayBuffer>,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  trainer.setParameters(others);
  const answer = await ask();
  trainer.setParameters(own);
  return answer;
}
