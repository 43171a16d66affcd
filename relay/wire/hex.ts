import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

/** A SHA-256 in lower-case hex: how journal, file names, addresses and pages write hashes, keys and run ids. */
export type Hash = string;

/** Whether `text` is a hash in its one spelling: 64 lower-case hex digits. */
export function isHash(text: string): text is Hash {
  return /^[0-9a-f]{64}$/.test(text);
}

export function toHex(bytes: Uint8Array): string {
  return bytesToHex(bytes);
}

/** Throws RangeError unless `text` is an even number of lower-case hex digits: one value, one spelling. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw new RangeError('not lower-case hex digits');
  return new Uint8Array(hexToBytes(text));
}
