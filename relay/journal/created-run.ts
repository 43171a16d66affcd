import { parseManifest } from '../run/manifest.ts';
import type { Codec } from '../wire/codec/codec.ts';
import type { Fragments } from '../wire/fragments.ts';
import { runIdOf, type WholeManifest } from '../wire/frames.ts';
import { fromHex, type Hash, toHex } from '../wire/hex.ts';
import { EntryError, type EntryOf } from './entry.ts';

/** The run that the first entry created. */
export interface CreatedRun {
  readonly manifest: WholeManifest;
  readonly manifestBytes: Uint8Array<ArrayBuffer>;
  readonly manifestSignature: Uint8Array<ArrayBuffer>;
  readonly codec: Codec;
  /** See `downlinkCodecOf`. */
  readonly downlink: Codec | null;
  readonly fragments: Fragments;
  readonly id: Hash;
}

/** The run of a journal's first entry. Throws EntryError for a manifest that no relay can run. */
export function createdRunOf(entry: EntryOf<'run-created'>): CreatedRun {
  const manifestBytes = fromHex(entry.body.manifest);
  let parsed: ReturnType<typeof parseManifest>;
  try {
    parsed = parseManifest(manifestBytes);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new EntryError(entry.sequence, 'body.manifest', problem);
  }
  const manifestSignature = fromHex(entry.body.signature);
  return { ...parsed, manifestBytes, manifestSignature, id: toHex(runIdOf(manifestBytes)) };
}
