import * as v from 'valibot';
import { shaders } from '../../../shaders/index.ts';
import { fingerprint } from '../../sha256.ts';
import type { Device } from '../device.ts';
import { type Candidate, type Choices, chosen, type Site } from '../operation.ts';
import type { Chooser } from '../program.ts';

/** The kernels that a run uses: the same kernels on the same adapter give the same bits. */
export interface KernelRecord {
  /** `Device.identity`. */
  readonly adapter: string;
  /** The kernel of each site, by the site's key; the digest distinguishes kernels with the same name. */
  readonly kernels: Readonly<Record<string, { readonly variant: string; readonly digest: string }>>;
}

/** The schema of a record in a file. */
export const kernelRecordSchema = v.strictObject({
  adapter: v.string(),
  kernels: v.record(v.string(), v.strictObject({ variant: v.string(), digest: v.string() })),
});

/** The record of the kernels that run at `sites`: those of `choices`, and guesses for sites without a choice. */
export function recordKernels(
  { identity }: Pick<Device, 'identity'>,
  sites: readonly Site[],
  choices: Choices,
): KernelRecord {
  const kernels = sites.map((site) => {
    const candidate = chosen(site, choices);
    return [site.key, { variant: candidate.variant, digest: kernelDigest(candidate) }] as const;
  });
  return { adapter: identity, kernels: Object.fromEntries(kernels) };
}

function kernelDigest(candidate: Candidate): string {
  return fingerprint(JSON.stringify([candidate, shaders[candidate.shader]]));
}

/** Why a run cannot use its original kernels: it runs on another adapter or in another build, or they gave wrong numbers. */
export type KernelChange = 'adapter' | 'build' | 'wrong';

/**
 * Chooses a run's original kernels and ignores later measurements. If any of them is missing or has changed, it uses
 * `otherwise` and reports the reason: the run's bits may differ from then on.
 */
export function keptKernels(
  device: Pick<Device, 'identity'>,
  began: KernelRecord,
  otherwise: Chooser,
  onChanged: (change: KernelChange) => void,
): Chooser {
  return async (sites) => {
    const choices = new Map(Object.entries(began.kernels).map(([key, { variant }]) => [key, variant]));
    const change = changeBetween(began, recordKernels(device, sites, choices));
    if (change === null) return choices;
    onChanged(change);
    return otherwise(sites);
  };
}

function changeBetween(began: KernelRecord, now: KernelRecord): KernelChange | null {
  if (began.adapter !== now.adapter) return 'adapter';
  const keys = new Set([...Object.keys(began.kernels), ...Object.keys(now.kernels)]);
  const same = [...keys].every((key) => began.kernels[key]?.digest === now.kernels[key]?.digest);
  return same ? null : 'build';
}
