import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import * as v from 'valibot';
import { printable, TapestryError } from '../../errors.ts';
import { encodeJson, parseJson } from '../../formats/json.ts';
import { type Identity, isSignedBy, signBytes } from '../../identity.ts';
import { type Board, type Constitution, constitutionHash, constitutionText } from './constitution.ts';

/** A file of signatures has at most this many bytes, and this many signatures. */
export const maxSignatureBytes = 2 ** 20;
const mostSignatures = 1024;

const hex = (digits: number) => v.pipe(v.string(), v.regex(new RegExp(`^[0-9a-f]{${digits}}$`)));

/** Signatures of a constitution, those of its earlier versions among them. */
const signaturesSchema = v.strictObject({
  signatures: v.pipe(
    v.array(v.strictObject({ constitution: hex(64), key: hex(64), signature: hex(128) })),
    v.maxLength(mostSignatures),
  ),
});

export type Signature = v.InferOutput<typeof signaturesSchema>['signatures'][number];

/** The name of the file that holds the signatures of a constitution's file. */
export const signaturesFile = (constitution: string) => `${constitution}.signatures.json`;

/** Reads a file of signatures; none where there is no file. Throws TapestryError `constitution.signatures`. */
export function parseSignatures(bytes: Uint8Array | null, name: string): readonly Signature[] {
  if (bytes === null) return [];
  try {
    return v.parse(signaturesSchema, parseJson(bytes)).signatures;
  } catch (cause) {
    throw new TapestryError(
      'constitution.signatures',
      `${printable(name)} holds no signatures: ${printable(cause instanceof Error ? cause.message : String(cause))}.`,
      'Restore the file, or move it away and have the constitution signed again.',
      { cause },
    );
  }
}

/** Encodes signatures as the content of their file. Throws TapestryError `constitution.signatures` for too many. */
export function encodeSignatures(signatures: readonly Signature[]): Uint8Array<ArrayBuffer> {
  if (signatures.length > mostSignatures)
    throw new TapestryError(
      'constitution.signatures',
      `The file would hold ${signatures.length} signatures; it holds ${mostSignatures} at most.`,
      'Remove the signatures of earlier versions from it.',
    );
  return encodeJson({ signatures });
}

/** The signatures with one more: of this constitution by this key, in place of an earlier one of the same. */
export async function signConstitution(
  constitution: Constitution,
  signatures: readonly Signature[],
  identity: Identity,
): Promise<Signature[]> {
  const [hash, key] = [constitutionHash(constitution), bytesToHex(identity.publicKey)];
  const signature = bytesToHex(
    await signBytes(identity, Uint8Array.from(utf8ToBytes(constitutionText(constitution)))),
  );
  const others = signatures.filter((each) => each.constitution !== hash || each.key !== key);
  return [...others, { constitution: hash, key, signature }];
}

/** Those who signed a constitution, and what that means to its boards. */
export interface Signed {
  /** The keys whose signatures of this version hold, in hex. */
  readonly keys: readonly string[];
  /** The keys whose signatures of this version do not hold. */
  readonly wrong: readonly string[];
  /** Signatures of other versions. */
  readonly otherVersions: number;
  readonly boards: readonly (Board & { readonly signed: readonly string[]; readonly agrees: boolean })[];
}

/** Checks every signature of this version. A key counts once, however often it signed. */
export async function checkSignatures(
  constitution: Constitution,
  signatures: readonly Signature[],
): Promise<Signed> {
  const hash = constitutionHash(constitution);
  const text = Uint8Array.from(utf8ToBytes(constitutionText(constitution)));
  const [keys, wrong] = [new Set<string>(), new Set<string>()];
  let otherVersions = 0;
  for (const { constitution: version, key, signature } of signatures) {
    if (version !== hash) otherVersions++;
    else {
      const holds = await isSignedBy(bytesOf(key), text, bytesOf(signature));
      (holds ? keys : wrong).add(key);
    }
  }
  const boards = constitution.boards.map((board) => {
    const signed = board.keys.filter((key) => keys.has(key));
    return { ...board, signed, agrees: signed.length >= board.needed };
  });
  return { keys: [...keys], wrong: [...wrong], otherVersions, boards };
}

/** Signatures that are asked for: of boards by their names, all boards for null, and of single keys in hex. */
export interface RequiredSignatures {
  readonly boards: readonly string[] | null;
  readonly keys: readonly string[];
}

/** A constitution with those who signed it. */
export interface SignedConstitution {
  readonly constitution: Constitution;
  readonly hash: string;
  readonly signed: Signed;
}

/** Checks that everyone required has signed. Throws TapestryError `constitution.unsigned`. */
export function requireSignatures({ hash, signed }: SignedConstitution, required: RequiredSignatures): void {
  const missing = missingSignatures(signed, required);
  if (missing.length === 0) return;
  throw new TapestryError(
    'constitution.unsigned',
    `The constitution ${hash.slice(0, 12)} lacks signatures: ${printable(missing.join('; '))}.`,
    'Have it signed with tapestry constitution sign, or require other signatures in the recipe.',
  );
}

/**
 * The required signatures that are missing, as sentences without a full stop. A required board that the constitution does not
 * name is missing, and so is a board's agreement where too few of its keys signed.
 */
export function missingSignatures(signed: Signed, { boards, keys }: RequiredSignatures): string[] {
  const names = boards ?? signed.boards.map(({ name }) => name);
  const ofBoards = names.flatMap((name) => {
    const board = signed.boards.find((each) => each.name === name);
    if (board === undefined) return [`the constitution has no board ${name}`];
    if (board.agrees) return [];
    return [`board ${name} has ${board.signed.length} of ${board.needed} signatures`];
  });
  const ofKeys = keys.filter((key) => !signed.keys.includes(key)).map((key) => `key ${key} has not signed`);
  return [...ofBoards, ...ofKeys];
}

const bytesOf = (digits: string) => Uint8Array.from(hexToBytes(digits));
