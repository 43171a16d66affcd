import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

/** A SHA-256 in lower-case hex: the form of hashes, keys and run ids in the journal, file names, addresses and pages. */
export type Hash = string;

/** A node's Ed25519 public key in lower-case hex: its only name. */
export type NodeKey = string;

/** True for a hash in canonical form: 64 lower-case hex digits. */
export function isHash(text: string): text is Hash {
  return /^[0-9a-f]{64}$/.test(text);
}

export function toHex(bytes: Uint8Array): string {
  return bytesToHex(bytes);
}

/** Throws RangeError unless `text` is an even number of lower-case hex digits, so that each value has one form. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw new RangeError('not lower-case hex digits');
  return new Uint8Array(hexToBytes(text));
}
