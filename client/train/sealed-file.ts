import * as v from 'valibot';
import { TapestryError } from '../errors.ts';
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from '../formats/safetensors.ts';
import { contentHash, sha256Hex } from '../sha256.ts';

/**
 * The kinds of files: a checkpoint, the state from which a node resumes a run, its work since, the state from which a build resumes, and
 * what a relay sent to its upstream relay last.
 */
const sealedKinds = ['checkpoint', 'node-state', 'node-snapshot', 'build-state', 'upstream-work'] as const;
export type SealedKind = (typeof sealedKinds)[number];

/** The content of a sealed file. */
export interface SealedContent {
  /** JSON values. */
  readonly facts: unknown;
  readonly vectors: Readonly<Record<string, Float32Array<ArrayBuffer>>>;
  /** Bytes beside the vectors. */
  readonly payload?: Uint8Array<ArrayBuffer>;
}

/*
 * The format is safetensors: each vector is an F32 tensor, the payload is a U8 tensor, and the rest is metadata. The seal is a
 * SHA-256 over everything, because safetensors does not detect a changed bit.
 */
const version = '3';
const payloadName = 'payload';
const metadataSchema = v.strictObject({
  'tapestry.kind': v.picklist(sealedKinds),
  'tapestry.version': v.literal(version),
  'tapestry.recipe': v.string(),
  'tapestry.facts': v.string(),
  'tapestry.seal': v.string(),
});

/** Encodes a file of `kind` for the run `recipe`. */
export async function seal(
  kind: SealedKind,
  recipe: string,
  { facts, vectors, payload }: SealedContent,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts = Object.entries<Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(vectors);
  if (payload) parts.push([payloadName, payload]);
  const json = JSON.stringify(facts);
  const tensors = parts.map(([name, values]) => ({ name, shape: [values.length], values }));
  const metadata: v.InferInput<typeof metadataSchema> = {
    'tapestry.kind': kind,
    'tapestry.version': version,
    'tapestry.recipe': recipe,
    'tapestry.facts': json,
    'tapestry.seal': await sealOf([kind, version, recipe, json], parts),
  };
  return encodeSafetensors(tensors, metadata);
}

/**
 * Decodes a file of `kind` of the run `recipe`; all values of its vectors are finite. Throws TapestryError `checkpoint.damaged`,
 * `checkpoint.version`, or `checkpoint.other-run` if the file belongs to another run.
 */
export async function unseal(
  kind: SealedKind,
  recipe: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<SealedContent> {
  const { metadata, ...file } = opened(bytes);
  const saved = metadata['tapestry.version'] ?? metadata['tapestry.checkpoint'];
  if (saved !== undefined && saved !== version)
    throw new TapestryError(
      'checkpoint.version',
      `The file has version ${saved}; this version of Tapestry reads version ${version}.`,
      'Resume with the version of Tapestry that wrote the file, or start the run again.',
    );
  const parsed = v.safeParse(metadataSchema, metadata);
  if (!parsed.success || parsed.output['tapestry.kind'] !== kind) throw damaged(`is no ${kind}`);
  const { 'tapestry.facts': json, 'tapestry.seal': sealed } = parsed.output;
  if (parsed.output['tapestry.recipe'] !== recipe)
    throw new TapestryError(
      'checkpoint.other-run',
      'The file belongs to a run with another model, batch, optimizer, schedule, seed or storage.',
      'Give the settings that the run began with, or another folder.',
    );
  const vectors = [...file.tensors].map(([name, { values }]) => [name, values] as const);
  const others = [...file.bytes].map(([name, { values }]) => [name, values] as const);
  if (sealed !== (await sealOf([kind, version, recipe, json], [...vectors, ...others])))
    throw damaged('was changed');
  for (const [name, values] of vectors)
    if (!values.every(Number.isFinite)) throw damaged(`holds values in ${name} that are not finite`);
  const payload = file.bytes.get(payloadName)?.values;
  return { facts: JSON.parse(json), vectors: Object.fromEntries(vectors), ...(payload && { payload }) };
}

/** Parses a file's facts by `schema`. Throws TapestryError `checkpoint.damaged`. */
export function factsOf<Schema extends v.GenericSchema>(
  schema: Schema,
  facts: unknown,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, facts);
  if (!parsed.success) throw damaged('has facts of another form', parsed.issues[0].message);
  return parsed.output;
}

export function damaged(what: string, cause?: unknown): TapestryError {
  return new TapestryError(
    'checkpoint.damaged',
    `The file ${what}.`,
    'Resume from an older checkpoint, or start the run again.',
    { cause },
  );
}

function opened(bytes: Uint8Array<ArrayBuffer>): SafetensorsFile {
  try {
    return decodeSafetensors(bytes);
  } catch (cause) {
    throw damaged('is no safetensors file', cause);
  }
}

/** SHA-256, in hex, of the words and of each part's name, length and SHA-256, in the order of the file. */
async function sealOf(
  words: readonly string[],
  parts: readonly (readonly [string, Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>])[],
): Promise<string> {
  const digests = await Promise.all(
    parts.map(async ([name, { buffer, byteOffset, byteLength, length }]) => {
      const hash = await contentHash(new Uint8Array(buffer, byteOffset, byteLength));
      return [name, length, hash] as const;
    }),
  );
  return sha256Hex(JSON.stringify([words, digests]));
}
