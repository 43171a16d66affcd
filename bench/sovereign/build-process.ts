import * as v from 'valibot';
import { nodeGpu } from '../../client/host/node/runtime.ts';
import { prepareBase } from './prepare-base.ts';
import { stageNames, stages } from './stages/stages.ts';

/** One build in a process of its own. Its result is in the bench's folder when the process ends. */
const jobSchema = v.object({
  tokens: v.number(),
  baseSeed: v.number(),
  folder: v.string(),
  stage: v.picklist(stageNames),
  steps: v.number(),
  seed: v.number(),
});
export type BuildJob = v.InferOutput<typeof jobSchema>;

const { stage, steps, seed, baseSeed, ...options } = v.parse(jobSchema, JSON.parse(process.argv[2] ?? ''));
const gpu = await nodeGpu();
const base = await prepareBase({ ...options, gpu, headless: import.meta.dirname, seed: baseSeed });
await stages[stage](base, steps, seed);
// The adapter may hold the process.
process.exit(0);
