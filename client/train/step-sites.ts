import type { BatchShape } from '../data/batch.ts';
import type { Adapter } from '../gpu/device.ts';
import { openLedger } from '../gpu/ledger.ts';
import type { RecordedSite } from '../gpu/program.ts';
import type { ModelConfig } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';
import { type MemoryOptions, planStep } from './memory.ts';
import { recordStep, sitesOf } from './step-program.ts';
import { makeMemory } from './trainer-memory.ts';
import type { OptimizerSettings } from './training.ts';

/** What a training step would run on an adapter, without anything being made there. Throws as `planStep`. */
export function stepSites(
  adapter: Adapter,
  config: ModelConfig,
  shape: BatchShape,
  settings: OptimizerSettings,
  options: MemoryOptions = {},
): RecordedSite[] {
  const { storage = 'f32', recompute = false } = options;
  const { part, parts } = planStep(adapter, config, shape, settings, options);
  const layout = layoutOf(config);
  const { allocator } = openLedger(adapter);
  const memory = makeMemory(allocator, config, layout, settings, part, { storage, parts });
  const accumulate = parts > 1;
  const how = {
    storage,
    shape: part,
    settings,
    accumulate,
    recompute,
    growthInterval: 0,
    choices: new Map(),
  };
  return sitesOf(recordStep(adapter, config, layout, memory, how));
}
