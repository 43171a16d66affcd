import * as v from 'valibot';
import { TapestryError } from '../../errors.ts';
import { encodeJson, parseJson } from '../json.ts';
import { type Parent, recordHash, recordSchema } from './record.ts';

/** The file of a folder's lineage. A single file has its lineage beside it, under its name and this. */
export const lineageFile = 'lineage.json';

/** In bytes: far more than the lineages of a long chain of models. */
export const maxLineageBytes = 2 ** 24;

export const mostAncestors = 256;

const signedSchema = v.strictObject({
  record: recordSchema,
  /** The Ed25519 public key of the node that made the model, and its signature of the record's text, in hex. */
  key: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  signature: v.pipe(v.string(), v.regex(/^[0-9a-f]{128}$/)),
});

/** A record and who answers for it. */
export type SignedRecord = v.InferOutput<typeof signedSchema>;

const lineageSchema = v.strictObject({
  ...signedSchema.entries,
  ancestors: v.pipe(v.array(signedSchema), v.maxLength(mostAncestors)),
});

/** The content of a lineage.json: the record of a model, and the records of all models that it came from. */
export type Lineage = v.InferOutput<typeof lineageSchema>;

/** A model that another one is made from, and its own lineage if it has one. */
export interface Parentage {
  readonly parent: Parent;
  readonly family: Lineage | null;
}

/** The record of a parent, where the lineage has it. */
export function recordOf({ ancestors }: Lineage, { record }: Parent): SignedRecord | null {
  return ancestors.find((each) => recordHash(each.record) === record) ?? null;
}

/** Encodes a lineage as the content of its file. */
export function encodeLineage(lineage: Lineage): Uint8Array<ArrayBuffer> {
  return encodeJson(lineage);
}

/** Reads a lineage.json. Signatures are not checked here. Throws `lineage.damaged`. */
export function parseLineage(bytes: Uint8Array): Lineage {
  try {
    return v.parse(lineageSchema, parseJson(bytes));
  } catch (cause) {
    throw new TapestryError(
      'lineage.damaged',
      `The lineage cannot be read: ${cause instanceof Error ? cause.message : cause}.`,
      'Make the model again, or get its folder again.',
      { cause },
    );
  }
}
