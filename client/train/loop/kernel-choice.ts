import type { Device } from '../../gpu/device.ts';
import type { Chooser } from '../../gpu/program.ts';
import { withoutDemoted } from '../../gpu/tuning/demoted-kernels.ts';
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
  /** Kernels gave a wrong answer to a known training step: this adapter uses the reference kernels in their place from now on. */
  | { readonly event: 'kernels-demoted'; readonly adapter: string; readonly kernels: readonly string[] }
  /** The node continues with other kernels than it began with, so its bits may differ. */
  | { readonly event: 'kernels-changed'; readonly adapter: string; readonly change: KernelChange };

/**
 * Chooses a node's kernels. `began` names the kernels of an earlier process or of a lost device, which are used again so that
 * bits repeat. If it is undefined, at the first start, measurements on the adapter decide; `cache` stores the measurements, and
 * names the kernels that are never chosen because they gave wrong numbers.
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
  if (began === undefined) return withoutDemoted(device, cache, measured);
  const changed = (change: KernelChange) => tell({ event: 'kernels-changed', adapter, change });
  return withoutDemoted(device, cache, keptKernels(device, began, measured, changed), () => changed('wrong'));
}
