import * as v from 'valibot';
import { shaders } from '../../shaders/index.ts';
import type { Device } from './device.ts';
import { digest } from './digest.ts';
import { type Candidate, type Choices, chosen, type Site } from './operation.ts';
import type { Chooser } from './program.ts';

/** Which kernels a run computes with: the same ones on the same adapter give the same bits. */
export interface KernelRecord {
  /** `Device.identity`. */
  readonly adapter: string;
  /** What runs at each site, by its key; the digest tells a kernel from another of its name. */
  readonly kernels: Readonly<Record<string, { readonly variant: string; readonly digest: string }>>;
}

/** What reads a record from a file. */
export const kernelRecordSchema = v.strictObject({
  adapter: v.string(),
  kernels: v.record(v.string(), v.strictObject({ variant: v.string(), digest: v.string() })),
});

/** What `choices`, and guesses where they say nothing, run at `sites`. */
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
  return digest(JSON.stringify([candidate, shaders[candidate.shader]]));
}

/** Why a run cannot go on with the kernels it began with: elsewhere, in another build, or an old file does not name them. */
export type KernelChange = 'adapter' | 'build' | 'unknown';

/**
 * Chooses the kernels that a run began with, whatever was measured since. Where they are not all there as they were, it
 * chooses as `otherwise` does and says why: from there on the bits may differ.
 */
export function keptKernels(
  device: Pick<Device, 'identity'>,
  began: KernelRecord | null,
  otherwise: Chooser,
  onChanged: (change: KernelChange) => void,
): Chooser {
  return async (sites) => {
    const choices = new Map(Object.entries(began?.kernels ?? {}).map(([key, { variant }]) => [key, variant]));
    const change = changeBetween(began, recordKernels(device, sites, choices));
    if (change === null) return choices;
    onChanged(change);
    return otherwise(sites);
  };
}

function changeBetween(began: KernelRecord | null, now: KernelRecord): KernelChange | null {
  if (began === null) return 'unknown';
  if (began.adapter !== now.adapter) return 'adapter';
  const keys = new Set([...Object.keys(began.kernels), ...Object.keys(now.kernels)]);
  const same = [...keys].every((key) => began.kernels[key]?.digest === now.kernels[key]?.digest);
  return same ? null : 'build';
}
