import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { TapestryError } from '../errors.ts';
import { type Lineage, mostAncestors, recordOf, type SignedRecord } from '../formats/lineage/lineage.ts';
import { type LineageRecord, recordHash, recordText } from '../formats/lineage/record.ts';
import { type Identity, isSignedBy, signBytes } from '../identity.ts';

/**
 * Signs a record. `families` are the lineages of its parents, which go into the new one.
 * @throws TapestryError `lineage.too-long`
 */
export async function signLineage(
  record: LineageRecord,
  families: readonly Lineage[],
  signer: Identity,
): Promise<Lineage> {
  const signature = await signBytes(signer, textBytes(record));
  const ancestors = new Map<string, SignedRecord>();
  for (const { ancestors: older, ...parent } of families)
    for (const each of [parent, ...older]) ancestors.set(recordHash(each.record), each);
  if (ancestors.size > mostAncestors)
    throw new TapestryError(
      'lineage.too-long',
      `The model would have ${ancestors.size} ancestors; a lineage holds ${mostAncestors}.`,
      'Build on a model with a shorter lineage.',
    );
  return {
    record,
    key: bytesToHex(signer.publicKey),
    signature: bytesToHex(signature),
    ancestors: [...ancestors.values()],
  };
}

/** Whether the key in a signed record signed it. */
export function isSigned({ record, key, signature }: SignedRecord): Promise<boolean> {
  return isSignedBy(bytesOf(key), textBytes(record), bytesOf(signature));
}

/**
 * The problems of a lineage by itself: signatures that do not hold, and parents whose records are missing or of other
 * values. Empty if there are none.
 */
export async function lineageProblems(lineage: Lineage): Promise<string[]> {
  const problems: string[] = [];
  for (const signed of [lineage, ...lineage.ancestors]) {
    const { weights, made, parents } = signed.record;
    const named = `the record of ${weights.slice(0, 12)} (${made})`;
    if (!(await isSigned(signed))) problems.push(`${named} is not signed by the key that it names`);
    for (const parent of parents) {
      if (parent.record === null) continue;
      const found = recordOf(lineage, parent);
      if (found === null) problems.push(`${named} names a record of ${parent.name} that is missing`);
      else if (found.record.weights !== parent.weights)
        problems.push(`${named} names values of ${parent.name} that its record does not have`);
    }
  }
  return problems;
}

function textBytes(record: LineageRecord): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(recordText(record));
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hexToBytes(hex));
}
