import * as v from 'valibot';
import type { OptimizerName } from '../../apps/cli/run/choices/strategies.ts';
import { strategies } from '../../apps/cli/run/choices/strategies.ts';
import { mean } from '../../client/mean.ts';
import { readText } from '../shakespeare.ts';
import { StoredResults } from '../stored-results.ts';
import { runPaced } from './arrivals.ts';
import { casesOf, type Matrix, optimizersOf, pacedCasesOf, stepsFor } from './cases.ts';
import { runTogether } from './run.ts';
import { runAlone, sequence } from './training.ts';

export interface ConvergenceOptions extends Matrix {
  readonly gpu: GPU;
  /** Tokens of each run, at least. */
  readonly tokens: number;
  /** Windows of a step of all nodes together. */
  readonly batch: number;
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
const pacedSchema = v.strictObject({
  ...{ loss: v.number(), alone: v.number(), seconds: v.number() },
  ...{ time: v.number(), commits: v.number(), shares: v.array(v.number()) },
});

/** The runs of a case over its seeds. */
interface Held {
  readonly of: object;
  readonly result: object;
  readonly losses: number[];
  readonly excesses: number[];
}

/**
 * Validation loss at equal tokens: runs of several nodes, beside one node that trains on the whole batch of every step with the same
 * optimizer. Yields a record for each run, and at last the mean over seeds of each case with its `excess`: how far its loss is above
 * that of the one node, as a part of it.
 */
export async function* convergence(options: ConvergenceOptions): AsyncGenerator<object> {
  const { gpu, tokens, batch, steps, seeds, folder } = options;
  const totalSteps = stepsFor(tokens, batch * sequence, steps);
  const setting = { gpu, text: await readText(), batch, totalSteps };
  const results = new StoredResults(folder);
  let seconds = 0;
  const stored = <Schema extends v.GenericSchema>(
    recipe: object,
    schema: Schema,
    make: () => Promise<v.InferOutput<Schema>>,
  ) => results.get({ ...recipe, totalSteps, wholeBatch: batch, sequence }, schema, make);
  const alone = new Map<string, number>();
  const nameOf = (optimizer: OptimizerName, seed: number) => `${optimizer} ${seed}`;
  for (let seed = 0; seed < seeds; seed++)
    for (const optimizer of optimizersOf(options)) {
      const result = await stored({ alone: optimizer, seed }, aloneSchema, () =>
        runAlone(setting, optimizer, seed),
      );
      seconds += result.seconds;
      alone.set(nameOf(optimizer, seed), result.loss);
      yield { event: 'alone', optimizer, seed, ...result };
    }
  const held = new Map<string, Held>();
  const record = (
    of: { readonly seed: number },
    result: { readonly loss: number; readonly seconds: number },
    aloneLoss: number,
  ) => {
    seconds += result.seconds;
    const excess = result.loss / aloneLoss - 1;
    const { seed: _, ...shared } = of;
    const name = JSON.stringify(shared);
    const before: Held = held.get(name) ?? { of: shared, result, losses: [], excesses: [] };
    held.set(name, before);
    before.losses.push(result.loss);
    before.excesses.push(excess);
    return { event: 'run', ...of, ...result, excess };
  };
  for (const of of casesOf(options)) {
    const result = await stored(of, togetherSchema, () => runTogether(setting, of));
    const { optimizer } = strategies[of.strategy];
    yield record(of, result, alone.get(nameOf(optimizer, of.seed)) ?? Number.NaN);
  }
  for (const of of pacedCasesOf(options)) {
    const result = await stored(of, pacedSchema, () => runPaced(setting, of));
    yield record(of, result, result.alone);
  }
  const cases = [...held.values()].map(({ of, result, losses, excesses }) => ({
    ...of,
    ...result,
    ...{ loss: mean(losses), excess: mean(excesses) },
    ...{ least: Math.min(...excesses), most: Math.max(...excesses) },
  }));
  const ran = totalSteps * batch * sequence;
  yield {
    ...{ bench: 'convergence', tokens: ran, totalSteps, seeds, cases },
    alone: Object.fromEntries(alone),
    seconds,
  };
}
