import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { printable, TapestryError } from '../errors.ts';
import {
  type Lineage,
  mostAncestors,
  type Parentage,
  recordOf,
  type SignedRecord,
} from '../formats/lineage/lineage.ts';
import { type LineageRecord, type Parent, recordHash, recordText } from '../formats/lineage/record.ts';
import { parametersHash } from '../formats/model-folder.ts';
import { type Identity, isSignedBy, signBytes } from '../identity.ts';
import type { LoadedModel } from '../model/files/read-model.ts';

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

/**
 * The parentage that a model gives to what is made from it. `family` is the model's own lineage, null if it has none; `name` says
 * where it was read.
 * @throws TapestryError `lineage.false` if its lineage does not hold or is of other values
 */
export async function modelParentage(
  family: Lineage | null,
  { parameters, metadata }: Pick<LoadedModel, 'parameters' | 'metadata'>,
  name: string,
): Promise<Parentage> {
  const weights = parametersHash(parameters);
  if (family !== null) {
    const problems = await lineageProblems(family);
    if (family.record.weights !== weights) problems.push('it is of other values than those of the model');
    if (problems.length > 0)
      throw new TapestryError(
        'lineage.false',
        `The lineage of ${printable(name)} does not hold: ${problems.join('; ')}.`,
        'Get the model again, or remove its lineage to use it as a model of unknown origin.',
      );
  }
  const record = family && recordHash(family.record);
  return { parent: { name, weights, run: runOf(metadata), record }, family };
}

/** The run and the round that a base's file names. */
function runOf(metadata: LoadedModel['metadata']): Parent['run'] {
  const { 'tapestry.kind': kind, 'tapestry.run': id = '', 'tapestry.round': round = '' } = metadata;
  const isNamed = kind === 'base' && /^[0-9a-f]{64}$/.test(id) && /^\d{1,9}$/.test(round);
  return isNamed ? { id, round: Number(round) } : null;
}

function textBytes(record: LineageRecord): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(recordText(record));
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hexToBytes(hex));
}
