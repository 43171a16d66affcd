import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { toHex } from './hex.ts';
import type { TreeHead } from './merkle.ts';
import { sign, verifySignature } from './signatures.ts';

/**
 * The relay's signed statement of how long its journal is and what it holds: a checkpoint of C2SP (c2sp.org/tlog-checkpoint)
 * in the form of a signed note (c2sp.org/signed-note), so that witnesses and tools of transparency logs can read it.
 *
 *     tapestry/<run id>
 *     <entries, decimal>
 *     <root, base64>
 *
 *     — tapestry/<run id> <base64 of key id || Ed25519 signature over the three lines>
 */

/** The greatest length of a checkpoint that is read: it leaves room for the signatures of the relay and of a few witnesses. */
export const maxCheckpointBytes = 4096;

/** The log's origin and the name of the relay's key. */
export function originOf(run: Uint8Array): string {
  return `tapestry/${toHex(run)}`;
}

/** The text that a checkpoint's signature covers: its first three lines with their line ends. */
export function checkpointText(run: Uint8Array, { size, root }: TreeHead): string {
  return `${originOf(run)}\n${size}\n${base64(root)}\n`;
}

/** The first 4 bytes of SHA-256(key name || 0x0A || 0x01 || public key); 0x01 is Ed25519. */
export function keyId(name: string, publicKey: Uint8Array): Uint8Array {
  return sha256(concatBytes(utf8ToBytes(`${name}\n`), Uint8Array.of(1), publicKey)).slice(0, 4);
}

/** The relay's key, and the run that it serves. */
export interface Signer {
  readonly run: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** The whole note, with a signature that `signCheckpoint` made. */
export function checkpointNote(signer: Signer, head: TreeHead, signature: Uint8Array): string {
  const origin = originOf(signer.run);
  const signed = concatBytes(keyId(origin, signer.publicKey), signature);
  return `${checkpointText(signer.run, head)}\n— ${origin} ${base64(signed)}\n`;
}

/** Ed25519 over `checkpointText`. */
export function signCheckpoint(
  key: CryptoKey,
  run: Uint8Array,
  head: TreeHead,
): Promise<Uint8Array<ArrayBuffer>> {
  return sign(key, new Uint8Array(utf8ToBytes(checkpointText(run, head))));
}

/**
 * The head that a note states, if the relay signed it for this run; null for any other bytes. Signatures of other keys are
 * ignored, as c2sp.org/signed-note requires.
 */
export async function openCheckpoint(note: Uint8Array, signer: Signer): Promise<TreeHead | null> {
  if (note.length > maxCheckpointBytes) return null;
  const head = headOf(note);
  if (head === null) return null;
  const text = checkpointText(signer.run, head);
  const origin = originOf(signer.run);
  const whole = new TextDecoder().decode(note);
  if (!whole.startsWith(`${text}\n`) || !whole.endsWith('\n')) return null;
  const id = toHex(keyId(origin, signer.publicKey));
  let ours: Uint8Array | null = null;
  for (const line of whole.slice(text.length + 1, -1).split('\n')) {
    const [dash, name, signed, ...more] = line.split(' ');
    const bytes = signed === undefined ? null : fromBase64(signed);
    if (dash !== '—' || name === '' || bytes === null || more.length > 0) return null;
    if (name === origin && toHex(bytes.subarray(0, 4)) === id) ours ??= bytes.subarray(4);
  }
  if (ours === null) return null;
  const message = new Uint8Array(utf8ToBytes(text));
  return (await verifySignature(signer.publicKey, message, ours)) ? head : null;
}

/** The size and root of a note's text; its signatures are not checked. Null if the note is not a checkpoint. */
export function headOf(note: Uint8Array): TreeHead | null {
  const [, size = '', root = ''] = new TextDecoder().decode(note).split('\n', 3);
  const bytes = fromBase64(root);
  if (!/^(?:0|[1-9]\d{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) return null;
  return bytes?.length === 32 ? { size: Number(size), root: bytes } : null;
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** Null for text that is not canonical base64 (RFC 4648, section 4). */
function fromBase64(text: string): Uint8Array | null {
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return base64(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
}
