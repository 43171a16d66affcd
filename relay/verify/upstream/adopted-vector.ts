import { EntryError, type EntryOf } from '../../journal/entry.ts';
import { mixedBase } from '../../run/upstream/mixed-base.ts';
import { bytesOfVector, vectorOfBytes } from '../../storage/blob-store.ts';
import { hashOfBytes } from '../../storage/sha256.ts';
import type { WholeManifest } from '../../wire/frames.ts';
import type { Hash } from '../../wire/hex.ts';
import type { Problems } from '../problems.ts';
import { type VerifySource, wholeBlob } from '../source.ts';

type Vector = Float32Array<ArrayBuffer>;

export interface AdoptionPlace {
  readonly source: Pick<VerifySource, 'blob'>;
  readonly problems: Problems;
  readonly manifest: Pick<WholeManifest, 'model' | 'mixing'>;
  /** The current base; null where it could not be derived. */
  readonly current: Vector | null;
  /** Names the parameters up to which work is in the upstream base. */
  readonly sent: Hash;
}

/**
 * The base that an entry adopts: that of the upstream run, taken as it is named (whether it made it is in that run's journal), or what the
 * manifest has mixed of it, derived again. Null where a blob is missing, which is added to the problems.
 * @throws EntryError for a blob that is no vector, and for a mixed base that is not the one derived
 */
export async function adoptedVector(
  { kind, sequence, body }: EntryOf<'upstream-adopted' | 'upstream-mixed'>,
  { source, problems, manifest, current, sent }: AdoptionPlace,
): Promise<Vector | null> {
  const vectorOf = async (hash: Hash, field: string) => {
    const { parameters } = manifest.model;
    const bytes = await wholeBlob(source, hash, parameters * 4, problems);
    const vector = bytes && vectorOfBytes(bytes, parameters);
    if (bytes !== null && vector === null)
      throw new EntryError(sequence, field, 'names a base that is not finite float32', 'form');
    return vector;
  };
  if (kind === 'upstream-adopted') return vectorOf(body.base, 'body.base');
  const upstream = await vectorOf(body.upstream, 'body.upstream');
  const own = await vectorOf(sent, 'body.through');
  const [mixing] = manifest.mixing;
  if (upstream === null || own === null || current === null || mixing === undefined) return null;
  const mixed = await mixedBase(upstream, own, current, mixing.weight);
  for (const name of ['reference', 'base'] as const) {
    const derived = hashOfBytes(bytesOfVector(mixed[name]));
    if (derived !== body[name])
      throw new EntryError(sequence, `body.${name}`, `is not what mixing gives: ${derived}`, 'derived');
  }
  return mixed.base;
}
