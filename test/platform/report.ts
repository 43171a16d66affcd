import { openDevice } from '../../client/gpu/device.ts';
import { measureObjectives, type ObjectiveErrors } from './objectives.ts';
import { type Coverage, type Measured, measureOperations } from './operations/measure.ts';
import { compareStep, type StepCase, type StepErrors, stepCases } from './step.ts';

/** The errors of a platform compared with float64. */
export interface Report {
  /** The adapter's name. */
  readonly adapter: string;
  readonly operations: readonly Measured[];
  readonly steps: readonly MeasuredStep[];
  readonly objectives: readonly ObjectiveErrors[];
  readonly seconds: number;
}

export type MeasuredStep = StepErrors & Pick<StepCase, 'name' | 'storage'>;

const seed = 1;

/** Only web APIs and code of the project: the same checks run in Node, in Deno and in a page. */
export async function report(gpu: GPU, coverage: Coverage): Promise<Report> {
  const start = performance.now();
  const device = await openDevice(gpu);
  const operations = await measureOperations(device, seed, coverage);
  const steps: MeasuredStep[] = [];
  for (const one of stepCases(seed, device.f16)) {
    const { name, storage } = one;
    steps.push({ name, storage, ...(await compareStep(device, one)) });
  }
  const objectives = await measureObjectives(device);
  device.close();
  return { adapter: device.name, operations, steps, objectives, seconds: (performance.now() - start) / 1000 };
}
