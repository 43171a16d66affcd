import { manifestBytesOf, parseManifest } from '../../../relay/run/manifest.ts';
import type { NewRun } from '../../../relay/run/run.ts';
import type { WholeManifest } from '../../../relay/wire/frames.ts';

/** A hash that names nothing. */
export const noHash = '00'.repeat(32);

/** The manifest of a run below an upstream run, with mixing. */
export function manifestOf(
  { manifest }: NewRun,
  mixing: { readonly every: number; readonly weight: number },
): WholeManifest {
  const zero = new Uint8Array(32);
  const below = { ...manifest, upstream: [zero], mixing: [mixing] };
  return parseManifest(manifestBytesOf(below, { relayKey: zero, initialBase: zero })).manifest;
}
