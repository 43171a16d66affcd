import type { Example } from '../../../data/example.ts';
import type { ModelTokenizer } from '../../../data/tokenizer.ts';
import { TapestryError } from '../../../errors.ts';
import { type Device, openDevice } from '../../../gpu/device.ts';
import type { ModelConfig } from '../../../model/config.ts';
import { generate } from '../../../model/generate/generate.ts';
import { GpuDecoder } from '../../../model/generate/gpu-decoder.ts';
import { layoutOf } from '../../../model/parameters.ts';
import { Random } from '../../../random.ts';
import type { LoopRuntime } from '../../../train/loop/training-loop.ts';
import type { Reinforce } from '../../recipe/reinforce.ts';
import type { StageExample } from '../loss/group-loss.ts';
import type { RewardResult, Rewards } from './rewards.ts';

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

export interface CompletionSamplerOptions {
  readonly runtime: LoopRuntime;
  readonly config: ModelConfig;
  readonly tokenizer: ModelTokenizer;
  readonly reinforce: Reinforce;
  /** Completions that are sampled side by side. */
  readonly sequences: number;
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly rewards: Rewards;
}

type SampleRequest = readonly [
  parameters: Float32Array<ArrayBuffer>,
  prompts: readonly StageExample[],
  random: { readonly seed: number; readonly firstStream: number },
  signal: AbortSignal,
];

/** A device with a decoder on it. */
interface Opened {
  readonly device: Device;
  readonly decoder: GpuDecoder;
}

/**
 * Samples groups of completions from the model's own distribution: at a temperature of 1, because the ratios of a policy gradient are
 * of these probabilities. It has a device of its own.
 */
export class CompletionSampler {
  readonly #options: CompletionSamplerOptions;
  #opened: Opened;

  private constructor(options: CompletionSamplerOptions, opened: Opened) {
    this.#options = options;
    this.#opened = opened;
  }

  /** Throws the errors of `openDevice` and of `GpuDecoder.create`. */
  static async open(options: CompletionSamplerOptions): Promise<CompletionSampler> {
    return new CompletionSampler(options, await openDecoder(options));
  }

  /**
   * A group of completions of each prompt by the model of `parameters`. The same parameters, prompts, seed and first stream give the
   * same completions. A device that is lost is opened again, twice at most. If aborted, rejects with the signal's reason.
   */
  async sample(...request: SampleRequest): Promise<SampledGroups> {
    for (let losses = 0; ; losses++) {
      try {
        return await this.#sample(...request);
      } catch (error) {
        const isLoss = error instanceof TapestryError && error.code === 'device.lost';
        if (!isLoss || losses === 2) throw error;
        this.close();
        this.#opened = await openDecoder(this.#options);
      }
    }
  }

  async #sample(...[parameters, prompts, random, signal]: SampleRequest): Promise<SampledGroups> {
    const { decoder } = this.#opened;
    const { tokenizer, reinforce, rewards } = this.#options;
    const { group, longest } = reinforce;
    decoder.setParameters(parameters);
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
    this.#opened.device.close();
  }
}

async function openDecoder({
  runtime,
  config,
  parameters,
  sequences,
}: CompletionSamplerOptions): Promise<Opened> {
  const device = await openDevice(await runtime.gpu());
  try {
    return {
      device,
      decoder: await GpuDecoder.create(device, config, layoutOf(config), parameters, { sequences }),
    };
  } catch (error) {
    device.close();
    throw error;
  }
}
