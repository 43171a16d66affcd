import { layoutOf } from '../../client/model/parameters.ts';
import { config } from './base.ts';
import { constitution } from './constitution.ts';
import { archaicSamples, cardLosses } from './evaluation.ts';
import { answersOfBase, askedOf, instruct } from './instruct.ts';
import { type Figures, overSeeds } from './over-seeds.ts';
import { prefer } from './prefer.ts';
import { type BaseOptions, prepareBase } from './prepare-base.ts';
import { questionsAsked, reinforce } from './reinforce.ts';
import { sumOf } from './seconds.ts';
import { storedFigures } from './stage.ts';

/** A stage's figures after `steps` from a base, by the stage's name. */
const stages = { instruct, prefer, reinforce, constitution } as const;
export type StageName = keyof typeof stages;
export const stageNames = [
  'instruct',
  'prefer',
  'reinforce',
  'constitution',
] as const satisfies readonly StageName[];

export interface SovereignOptions extends BaseOptions {
  /** Builds of each stage, each from another seed. */
  readonly seeds: number;
  readonly stages: readonly StageName[];
  readonly steps: Readonly<Record<StageName, number>>;
}

/**
 * A base of verses in old and modern English, and derivatives of it: answers to questions, modern English preferred to old,
 * questions rewarded, and a constitution without archaic words. Yields a record for each build with its time, and at last all figures
 * beside the start's own, over the seeds, and the times of all builds together. A result of the folder counts with the time that it took.
 */
export async function* sovereign(options: SovereignOptions): AsyncGenerator<object> {
  const { tokens, seeds } = options;
  const base = await prepareBase(options);
  const start = await storedFigures(base, 'base', base.seed, { asked: askedOf(base) }, async () => ({
    loss: await cardLosses(base, base.weights),
    archaic: await archaicSamples(base.gpu, base.weights),
    exact: await answersOfBase(base),
    asked: await questionsAsked(base, base.weights),
  }));
  const times = [base.seconds, start.seconds];
  yield { bench: 'sovereign', stage: 'base', figures: start.figures, seconds: sumOf(times) };

  const built = options.stages.map((stage) => ({ stage, figures: [] as Figures[] }));
  for (let seed = 0; seed < seeds; seed++)
    for (const { stage, figures } of built) {
      const after = await stages[stage](base, options.steps[stage], seed);
      figures.push(after.figures);
      times.push(after.seconds);
      yield { bench: 'sovereign', stage, seed, ...after };
    }
  const over = Object.fromEntries(built.map(({ stage, figures }) => [stage, overSeeds(figures)]));
  const parameters = layoutOf(config).trained;
  yield {
    bench: 'sovereign',
    parameters,
    tokens,
    seeds,
    base: start.figures,
    ...over,
    seconds: sumOf(times),
  };
}
