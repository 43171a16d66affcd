import { openDevice } from '../client/gpu/device.ts';
import { cachedKernels } from '../client/host/cache.ts';
import { type PresetName, presets } from '../client/model/config.ts';
import type { CachedDecoder } from '../client/model/generate/cached-decoder.ts';
import { CpuDecoder } from '../client/model/generate/cpu-decoder.ts';
import { generate } from '../client/model/generate/generate.ts';
import { GpuDecoder } from '../client/model/generate/gpu-decoder.ts';
import { layoutOf } from '../client/model/parameters.ts';
import { Random } from '../client/random.ts';
import type { Precision } from '../shaders/shader.ts';
import { livelyParameters } from './lively-parameters.ts';
import { withoutCache } from './without-cache.ts';

export interface GenerateBenchOptions {
  readonly gpu: GPU;
  readonly preset: PresetName;
  /** Tokens of a prompt, and of what it is continued with. */
  readonly prompt: number;
  readonly tokens: number;
  /** Prompts of the larger of the two batches. */
  readonly batch: number;
  /** The adapter's; the CPU has float32. */
  readonly storage: Precision;
}

/** One decoder's results for a batch. */
interface Run {
  readonly texts: readonly string[];
  readonly seconds: number;
  readonly firstTokenSeconds: number;
}

/**
 * Measures greedy generation with a model of random weights: on the CPU and on the adapter, with and without the KV
 * cache, one prompt and a batch. Yields a record each, and at last all speeds and whether every text was the same, as in
 * float32 it must be.
 */
export async function* bench(options: GenerateBenchOptions): AsyncGenerator<object> {
  const config = presets[options.preset];
  const layout = layoutOf(config);
  const parameters = livelyParameters(config, 1);
  const random = Random.seeded(2);
  const prompts = Array.from({ length: options.batch }, () =>
    Array.from({ length: options.prompt }, () => random.below(config.vocabularySize)),
  );
  const device = await openDevice(options.gpu);
  const { storage } = options;
  const choices = cachedKernels(device);
  const tokensPerSecond: Record<string, number> = {};
  const expected: string[] = [];
  let sameText = true;
  try {
    for (const batch of new Set([1, options.batch])) {
      const decoders: [string, CachedDecoder][] = [
        ['cpu', new CpuDecoder(config, layout, parameters, batch)],
        [
          'gpu',
          await GpuDecoder.create(device, config, layout, parameters, { sequences: batch, storage, choices }),
        ],
      ];
      for (const [where, decoder] of decoders) {
        for (const cache of [true, false]) {
          const forgetful = cache ? decoder : withoutCache(decoder);
          await run(forgetful, prompts.slice(0, batch), 2); // the first pass of a kernel compiles
          const { texts, seconds, firstTokenSeconds } = await run(
            forgetful,
            prompts.slice(0, batch),
            options.tokens,
          );
          texts.forEach((text, i) => {
            expected[i] ??= text;
            sameText &&= text === expected[i];
          });
          const rate = (batch * options.tokens) / seconds;
          tokensPerSecond[`${where}${cache ? '' : ' without cache'}, batch ${batch}`] = rate;
          yield { bench: 'generate', on: where, cache, batch, tokensPerSecond: rate, firstTokenSeconds };
        }
        decoder.close();
      }
    }
  } finally {
    device.close();
  }
  const { preset, prompt, tokens } = options;
  const adapter = device.name;
  yield { bench: 'generate', adapter, preset, storage, prompt, tokens, sameText, tokensPerSecond };
  if (!sameText && storage === 'f32') throw new Error('the greedy texts differ: a decoder is wrong');
}

async function run(
  decoder: CachedDecoder,
  prompts: readonly (readonly number[])[],
  maxTokens: number,
): Promise<Run> {
  const texts = prompts.map(() => '');
  const started = performance.now();
  let firstTokenSeconds = 0;
  const pieces = generate(
    decoder,
    prompts.map((tokens) => ({ tokens, random: Random.seeded(1) })),
    { tokenizer: tokenIds, maxTokens, temperature: 0 },
  );
  for await (const { prompt, text } of pieces) {
    firstTokenSeconds ||= (performance.now() - started) / 1000;
    texts[prompt] += text;
  }
  return { texts, seconds: (performance.now() - started) / 1000, firstTokenSeconds };
}

/** Texts that show every token: bytes that are not UTF-8 would all look the same. */
const tokenIds = { stream: () => ({ push: (token: number) => `${token} `, flush: () => '' }) };
