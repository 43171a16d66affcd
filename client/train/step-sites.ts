import type { BatchShape } from '../data/batch.ts';
import type { Adapter } from '../gpu/device.ts';
import type { RecordedSite } from '../gpu/program.ts';
import type { ModelConfig } from '../model/config.ts';
import { type MemoryOptions, planStep, recordPart } from './memory.ts';
import { sitesOf } from './step-program.ts';
import type { OptimizerSettings } from './training.ts';

/** What a training step would run on an adapter, without anything being made there. Throws as `planStep`. */
export function stepSites(
  adapter: Adapter,
  config: ModelConfig,
  shape: BatchShape,
  settings: OptimizerSettings,
  options: MemoryOptions = {},
): RecordedSite[] {
  const { part, parts } = planStep(adapter, config, shape, settings, options);
  return sitesOf(recordPart(adapter, config, part, settings, parts, options).step);
}
