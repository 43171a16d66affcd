import type { Row } from '../../../client/derive/data/row.ts';
import { askedBy, type Sampled } from '../../../client/derive/evaluation/answer-metrics.ts';
import { TapestryError } from '../../../client/errors.ts';
import { Random } from '../../../client/random.ts';
import { ChatModel } from '../model/chat-model.ts';

export interface SamplingFlags {
  readonly adapter?: string;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed: number;
}

/** The most tokens of a prompt and its answer. */
const context = 4096;

/**
 * What a model answers to the prompts of rows, each with random numbers of its own, which another model gets too. `onProgress` is told
 * after each answer. Throws `eval.no-prompts` if no row asks something.
 */
export async function sampleAnswers(
  path: string,
  rows: readonly Row[],
  { adapter, maxTokens, temperature, seed }: SamplingFlags,
  onProgress: (done: number, all: number) => void,
): Promise<Sampled[]> {
  const asked = rows.flatMap((row) => {
    const messages = askedBy(row);
    return messages === null ? [] : [messages];
  });
  if (asked.length === 0)
    throw new TapestryError(
      'eval.no-prompts',
      'No row of the prompts asks something.',
      'Give rows with a prompt or with messages, as docs/recipe.md lists them.',
    );
  const model = await ChatModel.open(path, {
    ...{ device: 'auto', storage: 'f32', context },
    ...(adapter !== undefined && { adapter: [adapter] }),
  });
  try {
    const own = model.adapters[0] ?? null;
    const room = model.context - Math.min(maxTokens, Math.floor(model.context / 2));
    const answers: Sampled[] = [];
    for (const [index, messages] of asked.entries()) {
      const prompt = model.prompt(messages, model.formatWith(own), room);
      const random = Random.seeded(seed, index);
      let text = '';
      const options = { adapter: own, maxTokens, temperature, random, signal: new AbortController().signal };
      for await (const piece of model.answer(prompt, options)) text += piece.text;
      answers.push({ messages, text });
      onProgress(answers.length, asked.length);
    }
    return answers;
  } finally {
    model.close();
  }
}
