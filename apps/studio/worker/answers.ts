import { requireLanguageModel } from '../../../client/model/config.ts';
import { CpuDecoder } from '../../../client/model/generate/cpu-decoder.ts';
import { generate } from '../../../client/model/generate/generate.ts';
import { Random } from '../../../client/random.ts';
import type { Models } from './models.ts';
import type { AnswerRequest } from './worker-api.ts';

/** Continues a prompt with a model, a piece at a time. Throws `studio.no-model` or the errors of `generate`. */
export async function* answerOf(
  models: Models,
  { model: name, prompt, maxTokens, temperature, seed }: AnswerRequest,
): AsyncGenerator<string, void, void> {
  const { config, layout, parameters, tokenizer } = await models.load(name);
  requireLanguageModel(config, name);
  const tokens = [tokenizer.beginning, ...tokenizer.encode(prompt)];
  const contextLength = Math.min(config.contextLength, tokens.length + maxTokens);
  const decoder = new CpuDecoder({ ...config, contextLength }, layout, parameters);
  try {
    const pieces = generate(decoder, [{ tokens, random: Random.seeded(seed, 0) }], {
      ...{ tokenizer, maxTokens, temperature },
      stopTokens: [tokenizer.end],
    });
    for await (const { text } of pieces) if (text !== '') yield text;
  } finally {
    decoder.close();
  }
}
