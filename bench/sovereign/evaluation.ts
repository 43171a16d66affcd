import type { TokenizedCorpus } from '../../client/data/corpus.ts';
import { heldOutBatches } from '../../client/data/sampler.ts';
import { byteTokenizer } from '../../client/data/tokenizer.ts';
import { openDevice } from '../../client/gpu/device.ts';
import { presets } from '../../client/model/config.ts';
import { CpuDecoder } from '../../client/model/generate/cpu-decoder.ts';
import { generate } from '../../client/model/generate/generate.ts';
import { layoutOf } from '../../client/model/parameters.ts';
import { Random } from '../../client/random.ts';
import { evaluate } from '../../client/train/evaluate.ts';
import { Trainer } from '../../client/train/trainer.ts';
import type { Question } from './tasks.ts';

const config = presets.nano;
const layout = layoutOf(config);
const { beginning, end, encode } = byteTokenizer;
const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, gradientClip: 1 };

/** The mean loss on a corpus's held-out part, in nats a byte. */
export async function lossOf(
  gpu: GPU,
  weights: Float32Array<ArrayBuffer>,
  { heldOut }: TokenizedCorpus,
): Promise<number> {
  const shape = { batch: 8, sequence: config.contextLength };
  const device = await openDevice(gpu);
  try {
    const trainer = await Trainer.create(device, config, shape, optimizer);
    trainer.setParameters(weights);
    const loss = await evaluate(trainer, heldOutBatches(heldOut, shape, 60));
    trainer.close();
    return loss;
  } finally {
    device.close();
  }
}

/** The continuations of prompts by the CPU; of temperature 0 the likeliest token each time. */
async function continued(
  weights: Float32Array<ArrayBuffer>,
  prompts: readonly string[],
  { temperature, maxTokens, seed }: { temperature: number; maxTokens: number; seed: number },
): Promise<string[]> {
  const decoder = new CpuDecoder(config, layout, weights);
  const texts = prompts.map(() => '');
  const asked = prompts.map((prompt, index) => ({
    tokens: [beginning, ...encode(prompt)],
    random: Random.seeded(seed, index),
  }));
  const options = { tokenizer: byteTokenizer, maxTokens, temperature, stopTokens: [end] };
  for await (const { prompt, text } of generate(decoder, asked, options)) texts[prompt] += text;
  return texts;
}

/** The share of questions, of at most `count` of each task, whose greedy answer is exactly the right one, ending included. */
export async function exactAnswers(
  weights: Float32Array<ArrayBuffer>,
  questions: readonly Question[],
  count: number,
): Promise<Record<string, number>> {
  const exact: Record<string, number> = {};
  for (const [task, all] of Map.groupBy(questions, (question) => question.task)) {
    const asked = all.slice(0, count);
    const answers = await continued(
      weights,
      asked.map(({ prompt }) => prompt),
      { temperature: 0, maxTokens: 12, seed: 0 },
    );
    exact[task] = asked.filter(({ answer }, index) => answers[index] === answer).length / asked.length;
  }
  return exact;
}

/** Texts that the model writes from nothing, at temperature 0.7. */
export function samplesOf(weights: Float32Array<ArrayBuffer>, seed: number): Promise<string[]> {
  const prompts = Array.from({ length: 60 }, () => '');
  return continued(weights, prompts, { temperature: 0.7, maxTokens: 110, seed });
}
