import { openDevice } from '../../client/gpu/device.ts';
import { type Measured, measureOperations } from './operations/measure.ts';
import { compareStep, type StepErrors } from './step.ts';

/** How far a platform is from float64. */
export interface Report {
  /** The adapter's name. */
  readonly adapter: string;
  readonly operations: readonly Measured[];
  readonly steps: readonly StepErrors[];
  readonly seconds: number;
}

/** Only web APIs and code of the project: the same checks run in Node, in Deno and in a page. */
export async function report(gpu: GPU): Promise<Report> {
  const start = performance.now();
  const device = await openDevice(gpu);
  const operations = await measureOperations(device, 1);
  device.close();
  const steps = [await compareStep(gpu, true), await compareStep(gpu, false)];
  return { adapter: device.name, operations, steps, seconds: (performance.now() - start) / 1000 };
}
