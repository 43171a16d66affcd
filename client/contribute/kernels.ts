import type { Device } from '../gpu/device.ts';
import { type KernelRecord, keptKernels } from '../gpu/kernel-record.ts';
import { measuredKernels } from '../gpu/measured-kernels.ts';
import type { Chooser } from '../gpu/program.ts';
import type { ContributorEvent } from './events.ts';
import type { Host } from './host.ts';

/**
 * Chooses a node's kernels: those that it `began` with, in an earlier process or on a device that was lost, or the bits
 * would be others; undefined at the very beginning, where what is measured on the adapter decides.
 */
export function kernelsOf(
  host: Host,
  device: Device,
  tell: (event: ContributorEvent) => void,
  began: KernelRecord | null | undefined,
): Chooser {
  const adapter = device.name;
  const measured = measuredKernels(device, host.cache, {
    onMeasured: ({ milliseconds, ...counts }) =>
      tell({ event: 'measured', adapter, ...counts, milliseconds: Math.round(milliseconds) }),
  });
  if (began === undefined) return measured;
  return keptKernels(device, began, measured, (change) =>
    tell({ event: 'kernels-changed', adapter, change }),
  );
}
