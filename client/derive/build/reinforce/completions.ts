import type { Example } from '../../../data/example.ts';
import type { ModelTokenizer } from '../../../data/tokenizer.ts';
import { TapestryError } from '../../../errors.ts';
import type { ModelConfig } from '../../../model/config.ts';
import { generate } from '../../../model/generate/generate.ts';
import { GpuDecoder } from '../../../model/generate/gpu-decoder.ts';
import { Random } from '../../../random.ts';
import type { TrainingLoop } from '../../../train/loop/training-loop.ts';
import type { Trainer } from '../../../train/trainer.ts';
import type { Reinforce } from '../../recipe/reinforce.ts';
import type { StageExample } from '../loss/group-loss.ts';
import { type RewardResult, Rewards, type RewardsOptions } from './rewards.ts';

/** A prompt and what the model wrote after it, which carries loss. */
export interface SampledCompletion {
  readonly example: Example;
  /** Tokens of the completion, with the end if it was written. */
  readonly length: number;
  readonly reward: number;
}

/** The completions of one prompt. */
export type CompletionGroup = readonly SampledCompletion[];

/** Groups of completions, and how often a reward had no answer. */
export interface SampledGroups extends Pick<RewardResult, 'failures' | 'failure'> {
  readonly groups: readonly CompletionGroup[];
}

export interface CompletionSamplerOptions extends Omit<RewardsOptions, 'rules' | 'device'> {
  /** The loop whose trainer holds the policy. The sampler reads the policy there, and the judges share its device. */
  readonly loop: TrainingLoop;
  readonly config: ModelConfig;
  readonly tokenizer: ModelTokenizer;
  readonly reinforce: Reinforce;
  /** Completions that are sampled side by side. */
  readonly sequences: number;
}

type SampleRequest = readonly [
  parameters: Float32Array<ArrayBuffer>,
  prompts: readonly StageExample[],
  random: { readonly seed: number; readonly firstStream: number },
  signal: AbortSignal,
];

/** What is on the device of a trainer beside it. */
interface Opened {
  readonly trainer: Trainer;
  readonly decoder: GpuDecoder;
  readonly rewards: Rewards;
}

/**
 * Samples groups of completions from the policy's own distribution: at a temperature of 1, because the ratios of a policy gradient are
 * of these probabilities. Policy, generator and judges share one device, and the generator reads the policy's own weights.
 */
export class CompletionSampler {
  readonly #options: CompletionSamplerOptions;
  #opened: Opened;

  private constructor(options: CompletionSamplerOptions, opened: Opened) {
    this.#options = options;
    this.#opened = opened;
  }

  /** Throws the errors of `GpuDecoder.sharing` and of `Rewards.open`. */
  static async open(options: CompletionSamplerOptions): Promise<CompletionSampler> {
    return new CompletionSampler(options, await openBeside(options));
  }

  /**
   * A group of completions of each prompt by the policy, whose trained parameters the trainer holds; `parameters` are the same, to load
   * after a loss. The same parameters, prompts, seed and first stream give the same completions. A device that is lost is opened again,
   * twice at most. If aborted, rejects with the signal's reason.
   */
  async sample(...request: SampleRequest): Promise<SampledGroups> {
    const { loop } = this.#options;
    for (let losses = 0; ; losses++) {
      try {
        if (losses > 0) {
          await loop.reopen();
          loop.trainer.setParameters(request[0]);
        }
        // The loop may have opened another device too.
        if (this.#opened.trainer !== loop.trainer) {
          this.close();
          this.#opened = await openBeside(this.#options);
        }
        return await this.#sample(...request);
      } catch (error) {
        const isLoss = error instanceof TapestryError && error.code === 'device.lost';
        if (!isLoss || losses === 2) throw error;
      }
    }
  }

  async #sample(...[, prompts, random, signal]: SampleRequest): Promise<SampledGroups> {
    const { trainer, decoder, rewards } = this.#opened;
    const { tokenizer, reinforce } = this.#options;
    const { group, longest } = reinforce;
    trainer.updateModel();
    for (let sequence = 0; sequence < decoder.sequences; sequence++) decoder.clear(sequence);
    const asked = prompts.flatMap(({ tokens }, index) =>
      Array.from({ length: group }, (_, i) => ({
        tokens: [...tokens],
        random: Random.seeded(random.seed, random.firstStream + index * group + i),
      })),
    );
    const written = asked.map(() => ({ tokens: [] as number[], text: '' }));
    const options = { tokenizer, maxTokens: longest, stopTokens: [tokenizer.end], temperature: 1, signal };
    for await (const { prompt, token, text } of generate(decoder, asked, options)) {
      const one = written[prompt];
      one?.tokens.push(token);
      if (one !== undefined) one.text += text;
    }
    const promptOf = (index: number) => prompts[Math.floor(index / group)];
    const worth = await rewards.of(
      written.map(({ text: completion }, index) => {
        const { prompt = '', answer = null } = promptOf(index) ?? {};
        return { prompt, completion, answer };
      }),
      signal,
    );
    const groups = prompts.map(({ tokens }, index) =>
      written.slice(index * group, (index + 1) * group).map((completion, at) => ({
        example: {
          tokens: Uint32Array.of(...tokens, ...completion.tokens),
          carriesLoss: new Uint8Array(tokens.length + completion.tokens.length).fill(1, tokens.length),
        },
        length: completion.tokens.length,
        reward: worth.rewards[index * group + at] ?? 0,
      })),
    );
    return { groups, failures: worth.failures, failure: worth.failure };
  }

  close(): void {
    this.#opened.decoder.close();
    this.#opened.rewards.close();
  }
}

async function openBeside({
  loop: { device, trainer },
  config,
  sequences,
  reinforce: { rules },
  ...options
}: CompletionSamplerOptions): Promise<Opened> {
  const rewards = await Rewards.open({ ...options, rules, device });
  try {
    return {
      trainer,
      rewards,
      decoder: await GpuDecoder.sharing(device, config, trainer.model, { sequences }),
    };
  } catch (error) {
    rewards.close();
    throw error;
  }
}
