import type { TokenizedCorpus } from '../../client/data/corpus.ts';
import { heldOutBatches } from '../../client/data/sampler.ts';
import { byteTokenizer } from '../../client/data/tokenizer.ts';
import { openDevice } from '../../client/gpu/device.ts';
import { generate } from '../../client/model/generate/generate.ts';
import { GpuDecoder } from '../../client/model/generate/gpu-decoder.ts';
import { layoutOf } from '../../client/model/parameters.ts';
import { Random } from '../../client/random.ts';
import { evaluate } from '../../client/train/evaluate.ts';
import { Trainer } from '../../client/train/trainer.ts';
import { type Base, config, type Weights } from './base.ts';
import type { Question } from './stages/tasks.ts';
import { archaicWords } from './verses.ts';

const layout = layoutOf(config);
const { beginning, end, encode } = byteTokenizer;
const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, gradientClip: 1 };

/** Batches of a corpus that are measured, at most: the loss on 24,576 bytes is known to about 0.01 nats. */
const lossBatches = 24;

/** The loss on held-out verses of each kind, in nats a byte. */
export async function cardLosses({ gpu, cards }: Base, weights: Weights) {
  return { old: await lossOf(gpu, weights, cards.old), modern: await lossOf(gpu, weights, cards.modern) };
}

/** The mean loss on a corpus's held-out part. */
async function lossOf(gpu: GPU, weights: Weights, { heldOut }: TokenizedCorpus): Promise<number> {
  const shape = { batch: 8, sequence: config.contextLength };
  const device = await openDevice(gpu);
  try {
    const trainer = await Trainer.create(device, config, shape, optimizer);
    trainer.setParameters(weights);
    const loss = await evaluate(trainer, heldOutBatches(heldOut, shape, lossBatches));
    trainer.close();
    return loss;
  } finally {
    device.close();
  }
}

/** The continuations of prompts; of temperature 0 the likeliest token each time. */
export async function continued(
  gpu: GPU,
  weights: Weights,
  prompts: readonly string[],
  { temperature, maxTokens, seed }: { temperature: number; maxTokens: number; seed: number },
): Promise<string[]> {
  const device = await openDevice(gpu);
  try {
    const decoder = await GpuDecoder.create(device, config, layout, weights, { sequences: 64 });
    const texts = prompts.map(() => '');
    const asked = prompts.map((prompt, index) => ({
      tokens: [beginning, ...encode(prompt)],
      random: Random.seeded(seed, index),
    }));
    const options = { tokenizer: byteTokenizer, maxTokens, temperature, stopTokens: [end] };
    for await (const { prompt, text } of generate(decoder, asked, options)) texts[prompt] += text;
    decoder.close();
    return texts;
  } finally {
    device.close();
  }
}

/** The share of each task's questions whose greedy answer is exactly the right one, ending included. */
export async function exactAnswers(
  gpu: GPU,
  weights: Weights,
  asked: readonly Question[],
): Promise<Record<string, number>> {
  const prompts = asked.map(({ prompt }) => prompt);
  const answers = await continued(gpu, weights, prompts, { temperature: 0, maxTokens: 12, seed: 0 });
  const marked = asked.map(({ task, answer }, index) => ({ task, right: answers[index] === answer }));
  return Object.fromEntries(
    [...Map.groupBy(marked, ({ task }) => task)].map(([task, of]) => [
      task,
      of.filter(({ right }) => right).length / of.length,
    ]),
  );
}

/** Archaic words for each thousand in texts that the model writes from nothing, at temperature 0.7. */
export async function archaicSamples(gpu: GPU, weights: Weights): Promise<number> {
  const prompts = Array.from({ length: 192 }, () => '');
  return archaicWords(await continued(gpu, weights, prompts, { temperature: 0.7, maxTokens: 110, seed: 0 }));
}
