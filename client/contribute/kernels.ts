import type { Device } from '../gpu/device.ts';
import { measuredKernels } from '../gpu/measured-kernels.ts';
import type { Choices } from '../gpu/operation.ts';
import type { Chooser } from '../gpu/program.ts';
import type { ContributorEvent } from './events.ts';
import type { Host } from './host.ts';

/**
 * Chooses a node's kernels by what was measured on its adapter, once: a device that is opened again must run the same, or
 * the bits of the round would be others.
 */
export function kernelsOf(host: Host, device: Device, tell: (event: ContributorEvent) => void): Chooser {
  const measured = measuredKernels(device, host.cache, {
    onMeasured: ({ milliseconds, ...counts }) =>
      tell({
        event: 'measured',
        adapter: device.name,
        ...counts,
        milliseconds: Math.round(milliseconds),
      }),
  });
  let chosen: Promise<Choices> | undefined;
  return (sites) => {
    chosen ??= measured(sites);
    return chosen;
  };
}
