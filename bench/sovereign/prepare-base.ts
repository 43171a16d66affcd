import * as v from 'valibot';
import { type TokenizedCorpus, tokenizeCorpus } from '../../client/data/corpus.ts';
import { TextBytes } from '../../client/data/text-bytes.ts';
import { byteTokenizer } from '../../client/data/tokenizer.ts';
import { diskFiles } from '../../client/host/disk.ts';
import { initialParameters, layoutOf } from '../../client/model/parameters.ts';
import { Random } from '../../client/random.ts';
import type { Files } from '../../client/runtime.ts';
import { recipeHash } from '../../client/train/checkpoint.ts';
import { type Base, config, measured, shuffled, type Weights } from './base.ts';
import { secondsSchema, timed } from './seconds.ts';
import { buildStage, type Stage } from './stage.ts';
import { readVerses, textRows, type Verse } from './verses.ts';

export interface BaseOptions {
  readonly gpu: GPU;
  /** The folder of the built bench. */
  readonly headless: string;
  /** Tokens that the base is trained on. */
  readonly tokens: number;
  readonly seed: number;
  /** Where results are stored; without it an interrupted bench begins again. */
  readonly folder?: string;
}

/** Windows of a step. */
const batch = 8;

/** Trains the base, unless the folder has it. */
export async function prepareBase(options: BaseOptions): Promise<Base> {
  const { gpu, headless, tokens, seed, folder } = options;
  const verses = await readVerses(headless);
  // Shuffled, so that a verse in modern English does not follow the same one in old English.
  const texts = shuffled(both(verses.train), Random.seeded(seed, 5));
  const files = folder === undefined ? null : diskFiles(folder);
  const steps = Math.ceil(tokens / (batch * config.contextLength));
  const stage: Stage = {
    kind: 'continue',
    // Muon reaches the loss of AdamW with a third of the tokens here.
    keys: `${measured(4, steps)}\nmicro_batch_size: ${batch}\noptimizer: muon\nlearning_rate: 8e-3\nreplay: 0`,
    train: textRows(texts),
    heldOut: textRows(both(verses.heldOut).slice(0, 400)),
    seed,
  };
  const start = { gpu, hash: verses.hash, weights: initialParameters(config, layoutOf(config), seed) };
  const train = async () => (await buildStage({ ...start, baseText: null }, stage)).parameters;
  return {
    ...verses,
    ...{ gpu, files, seed },
    ...(await storedWeights(files, `base-${recipeHash(stage).slice(0, 16)}`, train)),
    baseText: await corpusOf(texts, both(verses.heldOut.slice(0, 80))),
    cards: {
      old: await corpusOf(
        [],
        verses.heldOut.map(({ old }) => old),
      ),
      modern: await corpusOf(
        [],
        verses.heldOut.map(({ modern }) => modern),
      ),
    },
  };
}

async function storedWeights(
  files: Files | null,
  name: string,
  train: () => Promise<Weights>,
): Promise<Pick<Base, 'weights' | 'seconds'>> {
  const [weightsName, secondsName] = [`${name}.f32`, `${name}.seconds.json`];
  const [stored, storedSeconds] = [await files?.read(weightsName), await files?.read(secondsName)];
  if (stored && storedSeconds) {
    const seconds = v.parse(secondsSchema, JSON.parse(new TextDecoder().decode(storedSeconds)));
    return { weights: new Float32Array(stored.slice().buffer), seconds };
  }
  const { result: weights, seconds } = await timed(train);
  await files?.write(weightsName, new Uint8Array(weights.slice().buffer));
  await files?.write(secondsName, new TextEncoder().encode(JSON.stringify(seconds)));
  return { weights, seconds };
}

const both = (of: readonly Verse[]) => of.flatMap(({ old, modern }) => [old, modern]);

function corpusOf(train: readonly string[], heldOut: readonly string[]): Promise<TokenizedCorpus> {
  const textOf = (texts: readonly string[]) => {
    const text = new TextBytes();
    for (const each of texts) text.add(each);
    return text;
  };
  return tokenizeCorpus({ name: 'verses', train: textOf(train), heldOut: textOf(heldOut) }, byteTokenizer);
}
