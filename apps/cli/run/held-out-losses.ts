import { type Corpus, tokenizeCorpus } from '../../../client/data/corpus.ts';
import { heldOutBatches } from '../../../client/data/sampler.ts';
import type { Tokenizer } from '../../../client/data/tokenizer.ts';
import { openDevice } from '../../../client/gpu/device.ts';
import { nodeGpu } from '../../../client/host/node/runtime.ts';
import type { ModelConfig } from '../../../client/model/config.ts';
import { evaluate } from '../../../client/train/evaluate.ts';
import { Trainer } from '../../../client/train/trainer.ts';
import { inner } from './new-run.ts';

/** Windows at a time: enough to fill a GPU, little for a CPU. */
const batch = 8;

/**
 * Mean held-out loss in nats a token of each model on each corpus, as `losses[model][corpus]`. Every model sees the same
 * at most `maxBatches` batches of a corpus, spread evenly over its held-out text.
 */
export async function heldOutLosses(
  config: ModelConfig,
  tokenizer: Tokenizer,
  models: readonly Float32Array<ArrayBuffer>[],
  corpora: readonly Corpus[],
  maxBatches: number,
): Promise<number[][]> {
  const tokenized = await Promise.all(corpora.map((corpus) => tokenizeCorpus(corpus, tokenizer)));
  const device = await openDevice(await nodeGpu());
  try {
    const shape = { batch, sequence: config.contextLength };
    const trainer = await Trainer.create(device, config, shape, inner);
    try {
      const losses: number[][] = [];
      for (const parameters of models) {
        trainer.setParameters(parameters);
        const row: number[] = [];
        for (const { heldOut } of tokenized)
          row.push(await evaluate(trainer, heldOutBatches(heldOut, shape, maxBatches)));
        losses.push(row);
      }
      return losses;
    } finally {
      trainer.close();
    }
  } finally {
    device.close();
  }
}
