import { answerPrompt } from '../../../client/derive/chat/answer-prompt.ts';
import type { Device } from '../../../client/gpu/device.ts';
import { measuredKernels } from '../../../client/gpu/tuning/measured-kernels.ts';
import { requireLanguageModel } from '../../../client/model/config.ts';
import { generate } from '../../../client/model/generate/generate.ts';
import { openDecoderOn } from '../../../client/model/generate/open-decoder.ts';
import { Random } from '../../../client/random.ts';
import type { Runtime } from '../../../client/runtime.ts';
import type { Models } from './models.ts';
import type { AnswerRequest } from './worker-api.ts';

/**
 * Answers a prompt with a model, a piece at a time.
 * @throws TapestryError `studio.no-model`, `model.scores` for a reward model, or the errors of `answerPrompt` and `generate`
 */
export async function* answerOf(
  models: Models,
  runtime: Runtime,
  { model: name, format, prompt, maxTokens, temperature, seed }: AnswerRequest,
): AsyncGenerator<string, void, void> {
  const model = await models.load(name);
  const { config, tokenizer } = model;
  requireLanguageModel(config, name);
  const asked = answerPrompt(
    tokenizer,
    format,
    [{ role: 'user', content: prompt }],
    Math.max(1, config.contextLength - 1),
  );
  const host = { gpu: runtime.gpu, kernels: (device: Device) => measuredKernels(device, runtime.cache) };
  const tokens = asked.tokens.length + maxTokens;
  const { decoder } = await openDecoderOn(host, 'auto', model, { texts: 1, tokens, storage: 'f32' });
  try {
    const pieces = generate(decoder, [{ tokens: asked.tokens, random: Random.seeded(seed, 0) }], {
      ...{ tokenizer, maxTokens, temperature },
      ...{ stopTokens: asked.stopTokens, stopStrings: asked.stopStrings },
    });
    for await (const { text } of pieces) if (text !== '') yield text;
  } finally {
    decoder.close();
  }
}
