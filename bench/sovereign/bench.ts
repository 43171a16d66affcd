import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layoutOf } from '../../client/model/parameters.ts';
import { config } from './base.ts';
import type { BuildJob } from './build-process.ts';
import { archaicSamples, cardLosses } from './evaluation.ts';
import { inProcesses } from './in-processes.ts';
import { type Figures, overSeeds } from './over-seeds.ts';
import { type BaseOptions, prepareBase } from './prepare-base.ts';
import { storedFigures } from './stage.ts';
import { answersOfBase, askedOf } from './stages/instruct.ts';
import { questionsAsked } from './stages/reinforce.ts';
import { type StageName, stages } from './stages/stages.ts';

export interface SovereignOptions extends BaseOptions {
  /** Builds of each stage, each from another seed. */
  readonly seeds: number;
  readonly stages: readonly StageName[];
  readonly steps: Readonly<Record<StageName, number>>;
  /** Builds at a time: one keeps about one and a half cores busy. */
  readonly processes: number;
}

/**
 * A base of verses in old and modern English, and derivatives of it: answers to questions, modern English preferred to old,
 * questions rewarded, and a constitution without archaic words. Yields a record for each build with its time, and at last all figures
 * beside the start's own, over the seeds, with the processor's time of all of them and the time of this bench by the clock, to which a
 * result that the folder had adds nothing.
 */
export async function* sovereign(options: SovereignOptions): AsyncGenerator<object> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'tapestry-sovereign-'));
  try {
    yield* sovereignIn(folder, options);
  } finally {
    if (options.folder === undefined) rmSync(folder, { recursive: true });
  }
}

async function* sovereignIn(folder: string, options: SovereignOptions): AsyncGenerator<object> {
  const began = performance.now();
  const { tokens, seeds, steps, processes, headless } = options;
  const base = await prepareBase({ ...options, folder });
  const start = await storedFigures(base, 'base', base.seed, { asked: askedOf(base) }, async () => ({
    loss: await cardLosses(base, base.weights),
    archaic: await archaicSamples(base.gpu, base.weights),
    exact: await answersOfBase(base),
    asked: await questionsAsked(base, base.weights),
  }));
  let processor = base.seconds.processor + start.seconds.processor;
  yield { bench: 'sovereign', stage: 'base', figures: start.figures, seconds: start.seconds };

  // The longest, which is the last of the names, begins first, so that it is not alone at the end.
  const jobs = options.stages.toReversed().flatMap((stage) =>
    Array.from({ length: seeds }, (_, seed): BuildJob => {
      return { ...{ tokens, folder, stage, seed }, baseSeed: base.seed, steps: steps[stage] };
    }),
  );
  const ends = inProcesses(join(headless, 'sovereign-build.js'), jobs, processes);
  const built = new Map(options.stages.map((stage) => [stage, [] as Figures[]]));
  for (const [index, { stage, steps, seed }] of jobs.entries()) {
    await ends[index];
    // The folder has it now.
    const after = await stages[stage](base, steps, seed);
    built.get(stage)?.push(after.figures);
    processor += after.seconds.processor;
    yield { bench: 'sovereign', stage, seed, ...after };
  }
  yield {
    bench: 'sovereign',
    parameters: layoutOf(config).trained,
    tokens,
    seeds,
    base: start.figures,
    ...Object.fromEntries([...built].map(([stage, figures]) => [stage, overSeeds(figures)])),
    seconds: { elapsed: (performance.now() - began) / 1000, processor },
  };
}
