import { answerPrompt, type ChatFormat } from '../../../client/derive/chat/answer-prompt.ts';
import type { Device } from '../../../client/gpu/device.ts';
import { measuredKernels } from '../../../client/gpu/tuning/measured-kernels.ts';
import { requireLanguageModel } from '../../../client/model/config.ts';
import { generate, type Piece } from '../../../client/model/generate/generate.ts';
import { mostAtOnce, openDecoderOn } from '../../../client/model/generate/open-decoder.ts';
import { Random } from '../../../client/random.ts';
import type { Runtime } from '../../../client/runtime.ts';
import type { Models } from './library/models.ts';
import type { Sampling } from './worker-api.ts';

export interface AskedPrompts extends Sampling {
  readonly model: string;
  readonly format: ChatFormat;
  readonly prompts: readonly string[];
}

/**
 * Answers prompts with a model, a piece at a time. Each prompt has random numbers of its own, which another model gets too.
 * @throws TapestryError `studio.no-model`, `model.scores` for a reward model, or the errors of `answerPrompt` and `generate`
 */
export async function* answersOf(
  models: Models,
  runtime: Runtime,
  { model: name, format, prompts, maxTokens, temperature, seed }: AskedPrompts,
): AsyncGenerator<Piece, void, void> {
  const model = await models.load(name);
  const { config, tokenizer } = model;
  requireLanguageModel(config, name);
  const room = Math.max(1, config.contextLength - 1);
  const asked = prompts.map((content) => answerPrompt(tokenizer, format, [{ role: 'user', content }], room));
  const [first] = asked;
  if (first === undefined) return;
  const { stopTokens, stopStrings } = first;
  const host = { gpu: runtime.gpu, kernels: (device: Device) => measuredKernels(device, runtime.cache) };
  const texts = Math.min(mostAtOnce, asked.length);
  const tokens = Math.max(...asked.map((each) => each.tokens.length)) + maxTokens;
  const { decoder } = await openDecoderOn(host, 'auto', model, { texts, tokens, storage: 'f32' });
  try {
    yield* generate(
      decoder,
      asked.map((each, index) => ({ tokens: each.tokens, random: Random.seeded(seed, index) })),
      { tokenizer, maxTokens, temperature, stopTokens, stopStrings },
    );
  } finally {
    decoder.close();
  }
}
