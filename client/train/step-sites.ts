import type { BatchShape } from '../data/batch.ts';
import type { Adapter } from '../gpu/device.ts';
import type { RecordedSite } from '../gpu/program.ts';
import type { ModelConfig } from '../model/config.ts';
import { type MemoryOptions, planStep } from './memory.ts';
import { sitesOf } from './step-program.ts';
import type { OptimizerSettings } from './training.ts';

/** The sites of a training step on an adapter; allocates nothing on it. Throws the errors of `planStep`. */
export function stepSites(
  adapter: Adapter,
  config: ModelConfig,
  shape: BatchShape,
  settings: OptimizerSettings,
  options: MemoryOptions = {},
): RecordedSite[] {
  return sitesOf(planStep(adapter, config, shape, settings, options).step);
}
