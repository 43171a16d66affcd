import type { Example } from '../../../client/data/example.ts';
import { byteTokenizer } from '../../../client/data/tokenizer.ts';
import { answerOf } from '../../../client/derive/build/examples.ts';
import type { Principle } from '../../../client/derive/constitution/constitution.ts';
import {
  type Labeller,
  type LabellerAccuracy,
  measureLabeller,
  requireAccurate,
  usualLabellerLimits,
} from '../../../client/derive/constitution/pipeline/labeller.ts';
import { Scorer } from '../../../client/derive/evaluation/scorer.ts';
import { openDevice } from '../../../client/gpu/device.ts';
import { measuredKernels } from '../../../client/gpu/tuning/measured-kernels.ts';
import { cacheFiles } from '../../../client/host/cache.ts';
import { layoutOf } from '../../../client/model/parameters.ts';
import { type Base, config, spread, type Weights } from '../base.ts';
import { levelledPairs, pairChoice } from '../levelled.ts';
import { buildStage } from '../stage.ts';
import { pairRows } from '../verses.ts';

/** The principle, which the judge knows by pairs of verses alone. */
export const noArchaicWords: Principle = {
  ...{ id: 'no-archaic', text: 'The answer uses no archaic words.', weight: 1 },
  ...{ follows: [], breaks: [], check: undefined },
};

/** Labelled pairs that the judge learns, and held-out pairs that it is measured on. */
const labelled = 800;
const judged = 400;

const keys = `max_steps: 100
eval_steps: 100
micro_batch_size: 16
sequence_len: 80
learning_rate: 1e-3
rpo_alpha: 1
replay: 0`;

/** All that a judge depends on beside the base and the seed. */
export const judgeRecipe = { keys, labelled, judged, pairChoice };

/**
 * A judge that knows the principle by pairs alone: the same verse in modern and in old English. No word list chose or labelled them. It is
 * the reward that a model has learnt implicitly that prefers the modern texts: how much likelier an answer is to it than to the base (Rafailov et
 * al. 2023, arXiv 2305.18290). That is a sum over tokens, so that it says where the base's own answers, which are often nonsense, have
 * an old word. The judge with a score for the whole answer did not.
 */
export class Judge {
  readonly labeller: Labeller;
  readonly #close: () => void;

  private constructor(own: Scorer, start: Scorer, close: () => void) {
    this.#close = close;
    this.labeller = {
      kind: 'judge',
      async scores(_, answers) {
        const examples = answers.map(({ prompt, completion }) =>
          withoutEnd(answerOf(prompt, completion, byteTokenizer)),
        );
        const known = examples.flatMap((example) => (example !== null && own.fits(example) ? [example] : []));
        const [likely, before] = [await own.scores(known), await start.scores(known)];
        const scores = new Map(known.map((example, at) => [example, (likely[at] ?? 0) - (before[at] ?? 0)]));
        return examples.map((example) => (example && scores.get(example)) ?? null);
      },
    };
  }

  static async train(base: Base, seed: number): Promise<Judge> {
    const { gpu, train, heldOut, weights } = base;
    const { parameters } = await buildStage(
      { ...base, baseText: null },
      {
        ...{ kind: 'prefer', keys, seed },
        train: pairRows(spread(levelledPairs(train), labelled)),
        heldOut: pairRows(spread(levelledPairs(heldOut), judged)),
      },
    );
    const device = await openDevice(gpu);
    const chooser = measuredKernels(device, cacheFiles());
    const open = (parameters: Weights) =>
      Scorer.open(
        device,
        { config, layout: layoutOf(config), parameters, tokenizer: byteTokenizer },
        chooser,
      );
    const [own, start] = [await open(parameters), await open(weights)];
    return new Judge(own, start, () => {
      own.close();
      start.close();
      device.close();
    });
  }

  /** Throws TapestryError `constitution.inaccurate` for a judge whose labels are not used. */
  async measure({ heldOut }: Base): Promise<LabellerAccuracy> {
    const pairs = spread(levelledPairs(heldOut), judged).map(({ old, modern }) => ({
      ...{ prompt: '', chosen: modern, rejected: old },
    }));
    const accuracy = await measureLabeller(this.labeller, noArchaicWords, pairs);
    requireAccurate(accuracy, usualLabellerLimits);
    return accuracy;
  }

  close(): void {
    this.#close();
  }
}

/** An answer that may have been cut says nothing by where it ends. */
function withoutEnd(example: Example | null): Example | null {
  if (example === null) return null;
  const { tokens, carriesLoss } = example;
  return { tokens: tokens.slice(0, -1), carriesLoss: carriesLoss.slice(0, -1) };
}
