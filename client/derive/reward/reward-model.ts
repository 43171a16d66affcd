import type { BatchShape } from '../../data/batch.ts';
import { type Example, rowsOf } from '../../data/example.ts';
import type { ModelTokenizer } from '../../data/tokenizer.ts';
import { type Device, openDevice } from '../../gpu/device.ts';
import { measuredKernels } from '../../gpu/tuning/measured-kernels.ts';
import { type ModelConfig, requireRewardModel } from '../../model/config.ts';
import type { Runtime } from '../../runtime.ts';
import { ForwardPass } from '../../train/forward-pass.ts';
import { answerOf } from '../build/examples.ts';
import type { Turns } from '../data/row.ts';
import { scoredExample } from '../objectives/reward.ts';
import { scoresOf } from './scores.ts';

/** A completion to score, and what it answers; an empty prompt for a text that answers nothing. */
export interface Answered {
  readonly prompt: Turns;
  readonly completion: Turns;
}

/** The weights of a reward model, over the layout of its configuration, and its tokenizer. */
export interface RewardWeights {
  readonly config: ModelConfig;
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly tokenizer: ModelTokenizer;
}

/** Windows that are scored at once. Several short answers share a window. */
export const scoredWindows = 8;

/** The shape of the batches in which a reward model scores. */
export function scoringShape({ contextLength }: ModelConfig): BatchShape {
  return { batch: scoredWindows, sequence: contextLength };
}

/** A reward model on a device: it gives texts scores, of which only differences mean something. */
export class RewardModel {
  readonly #tokenizer: ModelTokenizer;
  readonly #pass: ForwardPass;
  /** Closed with the model; null for a device that others use too. */
  readonly #device: Device | null;

  private constructor(tokenizer: ModelTokenizer, pass: ForwardPass, device: Device | null) {
    this.#tokenizer = tokenizer;
    this.#pass = pass;
    this.#device = device;
  }

  /** Opens a device of its own. Throws the errors of `openDevice` and of `on`. */
  static async open(runtime: Pick<Runtime, 'gpu' | 'cache'>, weights: RewardWeights): Promise<RewardModel> {
    const device = await openDevice(await runtime.gpu());
    try {
      const model = await RewardModel.on(device, runtime.cache, weights);
      return new RewardModel(weights.tokenizer, model.#pass, device);
    } catch (error) {
      device.close();
      throw error;
    }
  }

  /** Uses a device that others use too. Throws TapestryError `model.no-scores`, or as `ForwardPass.create`. */
  static async on(
    device: Device,
    cache: Runtime['cache'],
    { config, parameters, tokenizer }: RewardWeights,
  ): Promise<RewardModel> {
    requireRewardModel(config, 'The judge');
    const chooser = measuredKernels(device, cache);
    const pass = await ForwardPass.create(device, config, scoringShape(config), parameters, chooser);
    return new RewardModel(tokenizer, pass, null);
  }

  /**
   * The score of each text, in their order; null for one without an answer, or longer than the context. Rejects with TapestryError
   * `device.lost`.
   */
  async scores(texts: readonly Answered[]): Promise<(number | null)[]> {
    const examples = texts.map(({ prompt, completion }) => this.#exampleOf(prompt, completion));
    const fitting = examples.flatMap((example, index) => (example === null ? [] : [{ example, index }]));
    const scores = new Array<number | null>(texts.length).fill(null);
    const own = await scoresOf(
      (batch) => this.#pass.logProbabilities(batch),
      fitting.map(({ example }) => example),
      this.#pass.shape,
    );
    for (const [at, { index }] of fitting.entries()) scores[index] = own[at] ?? null;
    return scores;
  }

  /** Frees the memory, and closes a device of its own. */
  close(): void {
    this.#pass.close();
    this.#device?.close();
  }

  #exampleOf(prompt: Turns, completion: Turns): Example | null {
    const answer = answerOf(prompt, completion, this.#tokenizer);
    const example = answer && scoredExample(answer);
    return example !== null && rowsOf(example) <= this.#pass.shape.sequence ? example : null;
  }
}
