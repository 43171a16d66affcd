import { type Command, Option } from 'commander';
import * as v from 'valibot';
import type { Constitution, Principle } from '../../../client/derive/constitution/constitution.ts';
import { examplePairs } from '../../../client/derive/constitution/pipeline/examples.ts';
import {
  checkLabeller,
  judgeLabeller,
  type LabelledPair,
  type Labeller,
  measureLabeller,
  requireAccurate,
} from '../../../client/derive/constitution/pipeline/labeller.ts';
import { pairSchema } from '../../../client/derive/constitution/pipeline/rows.ts';
import { wordsLabeller } from '../../../client/derive/constitution/pipeline/words.ts';
import { RewardModel } from '../../../client/derive/reward/reward-model.ts';
import { TapestryError } from '../../../client/errors.ts';
import { openDevice } from '../../../client/gpu/device.ts';
import { cachedKernels, cacheFiles } from '../../../client/host/cache.ts';
import { nodeGpu } from '../../../client/host/node/runtime.ts';
import { ForwardPass } from '../../../client/train/forward-pass.ts';
import { loadModel, loadRewardModel } from '../model/model-folder.ts';
import { decimal, repeated, whole } from '../options.ts';
import type { Output } from '../terminal/output.ts';
import { readConstitutionFile } from './read-constitution.ts';
import { readStep } from './step-file.ts';

export interface LabellingFlags {
  readonly constitution: string;
  readonly principle?: readonly string[];
  readonly by: Labeller['kind'];
  readonly judge?: string;
  readonly model?: string;
  readonly heldOut?: string;
  readonly leastAccuracy: number;
  readonly leastPairs: number;
}

/** Adds the options that choose principles and what labels by them. */
export function withLabelling(command: Command): Command {
  return command
    .requiredOption('--constitution <file>', 'the principles')
    .option('--principle <id>', 'use this one, and not all; repeat it for several', repeated)
    .addOption(
      new Option(
        '--by <labeller>',
        'check: the pattern of the principle; judge: a reward model that was trained on examples, which is what works for small ' +
          'models; words: the model is asked, and its log-probability of yes counts',
      )
        .choices(['judge', 'check', 'words'])
        .default('judge'),
    )
    .option('--judge <folder>', 'the reward model of --by judge, as a build with a reward stage makes it')
    .option('--model <folder>', 'the model that is asked by --by words, and that writes')
    .option('--held-out <pairs>', 'JSONL of prompt, chosen, rejected that the labeller is measured on too')
    .option('--least-accuracy <share>', 'on held-out pairs, before labels are used', decimal(0, 1), 0.8)
    .option('--least-pairs <count>', 'held-out pairs that the accuracy needs', whole(1, 1_000_000), 20);
}

/** A principle, and the score below which an answer breaks it. */
export interface LabelledPrinciple {
  readonly principle: Principle;
  readonly border: number;
}

export interface Labelling {
  readonly constitution: Constitution;
  readonly principles: readonly LabelledPrinciple[];
  readonly labeller: Labeller;
  close(): void;
}

/** Half of what a check takes from an answer. */
const checkBorder = -0.5;

/**
 * Reads the constitution, opens the labeller and measures it on held-out pairs of each principle.
 * @throws TapestryError `constitution.*`, `usage.labeller`, `model.*` or `adapter.missing`
 */
export async function openLabelling(flags: LabellingFlags, output: Output): Promise<Labelling> {
  const { constitution } = await readConstitutionFile(flags.constitution);
  const chosen = principlesOf(constitution, flags.principle);
  const given = flags.heldOut === undefined ? [] : await readStep(flags.heldOut, heldOutSchema);
  if (flags.by === 'words')
    output.progress(
      { event: 'note', by: flags.by },
      'Small models guess when they are asked in words; a judge that was trained on examples is what works for them (--by judge).',
    );
  const { labeller, close } = await openLabeller(flags);
  try {
    const principles: LabelledPrinciple[] = [];
    for (const principle of chosen) {
      const pairs: LabelledPair[] = [
        ...examplePairs(principle, 'held-out'),
        ...given.filter(({ principle: own }) => own === undefined || own === principle.id),
      ];
      const measured = await measureLabeller(labeller, principle, pairs);
      output.progress(
        { event: 'labeller', kind: labeller.kind, principle: principle.id, ...measured },
        `${labeller.kind} of ${principle.id}: right on ${(100 * measured.accuracy).toFixed(1)}% of ${measured.pairs} held-out pairs${measured.unscored > 0 ? `, and ${measured.unscored} could not be scored` : ''}`,
      );
      // A check is a rule and not a guess: nobody needs to find out whether it was learnt.
      if (labeller.kind !== 'check') requireAccurate(measured, flags);
      principles.push({ principle, border: labeller.kind === 'check' ? checkBorder : measured.border });
    }
    return { constitution, principles, labeller, close };
  } catch (error) {
    close();
    throw error;
  }
}

const heldOutSchema = v.object({ ...pairSchema.entries, principle: v.optional(v.string()) });

function principlesOf({ principles }: Constitution, ids: readonly string[] | undefined): Principle[] {
  if (ids === undefined) return principles;
  return ids.map((id) => {
    const principle = principles.find((each) => each.id === id);
    if (principle !== undefined) return principle;
    throw new TapestryError(
      'usage.principle',
      `The constitution has no principle ${id}.`,
      `Name one of ${principles.map((each) => each.id).join(', ')}.`,
    );
  });
}

/** Opens what labels. */
export async function openLabeller({
  by,
  judge,
  model,
}: Pick<LabellingFlags, 'by' | 'judge' | 'model'>): Promise<{ labeller: Labeller; close: () => void }> {
  if (by === 'check') return { labeller: checkLabeller, close: () => {} };
  if (by === 'judge') {
    if (judge === undefined) throw needed('--judge', 'the folder of a reward model');
    const weights = await loadRewardModel(judge);
    const opened = await RewardModel.open({ gpu: nodeGpu, cache: cacheFiles() }, weights);
    return { labeller: judgeLabeller(opened), close: () => opened.close() };
  }
  if (model === undefined) throw needed('--model', 'the folder of the model that is asked');
  const { config, parameters, tokenizer } = await loadModel(model);
  const device = await openDevice(await nodeGpu());
  try {
    const shape = { batch: askedWindows, sequence: config.contextLength };
    const pass = await ForwardPass.create(device, config, shape, parameters, cachedKernels(device));
    return { labeller: wordsLabeller({ pass, tokenizer }), close: () => [pass, device].forEach(closed) };
  } catch (error) {
    device.close();
    throw error;
  }
}

/** Windows of questions that the model reads at once. */
const askedWindows = 4;

const closed = (one: { close(): void }) => one.close();

function needed(option: string, what: string): TapestryError {
  return new TapestryError('usage.labeller', `The labeller needs ${option}.`, `Name ${what} with ${option}.`);
}
