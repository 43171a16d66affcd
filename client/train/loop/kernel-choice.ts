import type { Device } from '../../gpu/device.ts';
import type { Chooser } from '../../gpu/program.ts';
import { type KernelChange, type KernelRecord, keptKernels } from '../../gpu/tuning/kernel-record.ts';
import { measuredKernels } from '../../gpu/tuning/measured-kernels.ts';
import type { Files } from '../../runtime.ts';

/** Events of the choice of kernels. Times are in milliseconds. */
export type KernelEvent =
  /** The run's kernels were measured on the adapter; the result is cached. */
  | {
      readonly event: 'measured';
      readonly adapter: string;
      readonly sites: number;
      /** Number of shapes that keep the guessed kernel because time ran out. */
      readonly left: number;
      readonly milliseconds: number;
    }
  /** The node continues with other kernels than it began with, so its bits may differ. */
  | { readonly event: 'kernels-changed'; readonly adapter: string; readonly change: KernelChange };

/**
 * Chooses a node's kernels. `began` names the kernels of an earlier process or of a lost device, which are used again so that
 * bits repeat. If it is undefined, at the first start, measurements on the adapter decide; `cache` stores the measurements.
 */
export function kernelsOf(
  cache: Files,
  device: Device,
  tell: (event: KernelEvent) => void,
  began: KernelRecord | undefined,
): Chooser {
  const adapter = device.name;
  const measured = measuredKernels(device, cache, {
    onMeasured: ({ milliseconds, ...counts }) =>
      tell({ event: 'measured', adapter, ...counts, milliseconds: Math.round(milliseconds) }),
  });
  if (began === undefined) return measured;
  return keptKernels(device, began, measured, (change) =>
    tell({ event: 'kernels-changed', adapter, change }),
  );
}
