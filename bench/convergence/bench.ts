import { mean } from '../../client/mean.ts';
import { Records } from '../records.ts';
import { readText } from '../shakespeare.ts';
import { runPaced } from './arrivals.ts';
import { besideOf, besidePaced, type Matrix, runsOf, stepsFor } from './cases.ts';
import { aloneSchema, pacedSchema, togetherSchema } from './results.ts';
import { runTogether } from './run.ts';
import { openTexts } from './texts.ts';
import { runAlone, sequence } from './training.ts';

export interface ConvergenceOptions {
  readonly gpu: GPU;
  readonly matrices: readonly Matrix[];
  /** Runs of each case. */
  readonly seeds: number;
  /** Tokens of each run, at least. */
  readonly tokens: number;
  /** Windows of a step of all nodes together. */
  readonly batch: number;
  /** The file of results, which an interrupted bench resumes from; null for none. */
  readonly records: string | null;
}

/** The runs of a case over its seeds. */
interface Held {
  readonly of: object;
  readonly result: object;
  readonly losses: number[];
  readonly excesses: number[];
}

/**
 * Held-out loss at equal tokens: runs of several nodes, beside one node that trains on the whole batch of every step with the same
 * optimizer. Yields a record for each run, and at last the mean over seeds of each case with its `excess`: how far its loss is above
 * that of the one node, as a part of it.
 */
export async function* convergence(options: ConvergenceOptions): AsyncGenerator<object> {
  const { gpu, matrices, tokens, batch, seeds } = options;
  const steps = matrices.flatMap((matrix) => matrix.steps);
  const totalSteps = stepsFor(tokens, batch * sequence, steps);
  const runs = runsOf(matrices, seeds);
  const text = await readText();
  const textsOf = openTexts(text);
  const settingOf = async (of: { readonly text?: Parameters<typeof textsOf>[0] }) => ({
    ...{ gpu, batch, totalSteps },
    texts: await textsOf(of.text ?? 'shakespeare'),
  });
  const records = await Records.open(options.records);
  const whole = { totalSteps, wholeBatch: batch, sequence };
  let seconds = 0;
  const alone = new Map<string, number>();
  for (const of of runs.alone) {
    const result = await records.result({ ...of, ...whole }, aloneSchema, async () =>
      runAlone(await settingOf(of), of.alone, of.seed),
    );
    seconds += result.seconds;
    alone.set(JSON.stringify(of), result.loss);
    yield { event: 'alone', ...of, ...result };
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
  for (const of of runs.together) {
    const result = await records.result({ ...of, ...whole }, togetherSchema, async () =>
      runTogether(await settingOf(of), of),
    );
    yield record(of, result, alone.get(JSON.stringify(besideOf(of))) ?? Number.NaN);
  }
  for (const of of runs.paced) {
    const result = await records.result({ ...of, ...whole }, pacedSchema, async () =>
      runPaced(await settingOf({}), of),
    );
    yield record(of, result, alone.get(JSON.stringify(besidePaced(of))) ?? Number.NaN);
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
