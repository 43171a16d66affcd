import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import * as v from 'valibot';
import { TapestryError } from '../../../client/errors.ts';
import { canonicalJson, encodeJson, parseJson } from '../../../client/formats/json.ts';
import { type Identity, isSignedBy, signBytes } from '../../../client/identity.ts';
import { partKinds } from './parts.ts';

/** The file that lists all others of an exit's folder. It is written last, so that a folder with it is whole. */
export const exitFile = 'exit.json';

/** In bytes: enough for the blobs of a very long run. */
export const maxExitListBytes = 2 ** 28;

const path = v.pipe(
  v.string(),
  v.maxLength(1024),
  v.regex(/^[^/\\\p{Cc}]+(\/[^/\\\p{Cc}]+)*$/u),
  v.check((text) => text.split('/').every((name) => name !== '.' && name !== '..')),
);

const contentSchema = v.strictObject({
  parts: v.array(v.strictObject({ kind: v.picklist(partKinds), folder: path })),
  files: v.array(
    v.strictObject({
      path,
      bytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
      hash: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
    }),
  ),
});

const listSchema = v.strictObject({
  ...contentSchema.entries,
  key: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  signature: v.pipe(v.string(), v.regex(/^[0-9a-f]{128}$/)),
});

/** What an exit's folder holds. Paths are relative to it, with slashes; hashes are SHA-256 in hex. */
export type ExitContent = v.InferOutput<typeof contentSchema>;
export type ExitList = v.InferOutput<typeof listSchema>;

/** The content of an exit.json, signed by the node's key. */
export async function encodeExitList(
  content: ExitContent,
  signer: Identity,
): Promise<Uint8Array<ArrayBuffer>> {
  const signature = bytesToHex(await signBytes(signer, signedBytes(content)));
  return encodeJson({ ...content, key: bytesToHex(signer.publicKey), signature });
}

/** Reads an exit.json. Throws `exit.damaged` if it cannot be read or is not signed by the key that it names. */
export async function parseExitList(bytes: Uint8Array): Promise<ExitList> {
  try {
    const list = v.parse(listSchema, parseJson(bytes));
    const { parts, files, key, signature } = list;
    const signed = signedBytes({ parts, files });
    if (await isSignedBy(Uint8Array.from(hexToBytes(key)), signed, Uint8Array.from(hexToBytes(signature))))
      return list;
  } catch (cause) {
    throw damaged(cause instanceof Error ? cause.message : String(cause), cause);
  }
  throw damaged('its signature is not of the key that it names');
}

function signedBytes(content: ExitContent): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`tapestry exit 1\n${canonicalJson(content)}`);
}

function damaged(why: string, cause?: unknown): TapestryError {
  return new TapestryError(
    'verify.exit-list',
    `${exitFile} cannot be used: ${why}.`,
    'Write the exit again with `tapestry exit --out`, or get the folder again.',
    { cause },
  );
}
