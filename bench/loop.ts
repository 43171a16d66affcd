import { clock } from '../client/clock.ts';
import { openDevice } from '../client/gpu/device.ts';
import { cacheFiles } from '../client/host/cache.ts';
import { type LoopSettings, TrainingLoop } from '../client/train/loop/training-loop.ts';

/** Opens a training loop at full power on a device of its own; `adapter` is the device's name. */
export async function openLoop(
  gpu: GPU,
  settings: Omit<LoopSettings, 'power'>,
): Promise<{ loop: TrainingLoop; adapter: string }> {
  const device = await openDevice(gpu);
  const runtime = { ...clock, gpu: async () => gpu, cache: cacheFiles() };
  const loop = await TrainingLoop.open(runtime, device, { ...settings, power: 1 });
  return { loop, adapter: device.name };
}

/** Nothing stops a bench but the end of its process. */
export const never = new AbortController().signal;
