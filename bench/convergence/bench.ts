import * as v from 'valibot';
import { parseJson } from '../../client/formats/json.ts';
import { diskFiles } from '../../client/host/disk.ts';
import { mean } from '../../client/mean.ts';
import { recipeHash } from '../../client/train/checkpoint.ts';
import { readText } from '../shakespeare.ts';
import { type Case, casesOf, type Matrix, stepsFor } from './cases.ts';
import { runAlone, runTogether, sequence, wholeBatch } from './run.ts';

export interface ConvergenceOptions extends Matrix {
  readonly gpu: GPU;
  /** Tokens of each run, at least. */
  readonly tokens: number;
  /** Results are stored there, and an interrupted bench does only what is left. */
  readonly folder?: string;
}

const aloneSchema = v.strictObject({
  ...{ loss: v.number(), seconds: v.number(), adapter: v.string(), parameters: v.number() },
});
const togetherSchema = v.strictObject({
  ...aloneSchema.entries,
  ...{ rounds: v.number(), payloadBytes: v.number(), bitsUp: v.number() },
});

/**
 * Validation loss at equal tokens: runs of several nodes, beside one node that trains on the whole batch of every step. Yields a
 * record for each run, and at last the mean over seeds of each case with its `excess`: how far its loss is above that of the one
 * node, as a part of it.
 */
export async function* convergence(options: ConvergenceOptions): AsyncGenerator<object> {
  const { gpu, tokens, steps, seeds, folder } = options;
  const text = await readText();
  const totalSteps = stepsFor(tokens, wholeBatch * sequence, steps);
  const files = folder === undefined ? null : diskFiles(folder);
  const stored = async <Schema extends v.GenericSchema>(
    recipe: object,
    schema: Schema,
    make: () => Promise<v.InferOutput<Schema>>,
  ): Promise<v.InferOutput<Schema>> => {
    const name = `${recipeHash({ ...recipe, totalSteps, wholeBatch, sequence }).slice(0, 32)}.json`;
    const bytes = await files?.read(name);
    if (bytes) return v.parse(schema, parseJson(bytes));
    const made = await make();
    await files?.write(name, new TextEncoder().encode(JSON.stringify(made)));
    return made;
  };
  const alone: number[] = [];
  let spent = 0;
  for (let seed = 0; seed < seeds; seed++) {
    const result = await stored({ alone: true, seed }, aloneSchema, () =>
      runAlone(gpu, text, totalSteps, seed),
    );
    alone.push(result.loss);
    spent += result.seconds;
    yield { event: 'alone', seed, ...result };
  }
  const results = new Map<string, { of: Case; losses: number[]; excesses: number[]; bitsUp: number }>();
  for (const of of casesOf(options)) {
    const result = await stored(of, togetherSchema, () => runTogether(gpu, text, totalSteps, of));
    const excess = result.loss / (alone[of.seed] ?? Number.NaN) - 1;
    spent += result.seconds;
    yield { event: 'run', ...of, ...result, excess };
    const name = JSON.stringify({ ...of, seed: undefined });
    const { bitsUp } = result;
    const held = results.get(name) ?? { of, losses: [], excesses: [], bitsUp };
    results.set(name, held);
    held.losses.push(result.loss);
    held.excesses.push(excess);
  }
  const cases = [...results.values()].map(({ of: { seed: _, ...of }, losses, excesses, bitsUp }) => ({
    ...of,
    ...{
      loss: mean(losses),
      excess: mean(excesses),
      least: Math.min(...excesses),
      most: Math.max(...excesses),
      bitsUp,
    },
  }));
  const ran = totalSteps * wholeBatch * sequence;
  yield {
    ...{ bench: 'convergence', tokens: ran, totalSteps, seeds, alone: mean(alone), cases },
    ...{ seconds: spent, tokensPerSecond: (ran * (seeds + casesOf(options).length)) / spent },
  };
}
