import { sha256 } from '@noble/hashes/sha2.js';
import { type Hash, toHex } from '../wire/hex.ts';

/**
 * The hashes of relay/storage/sha256.ts in JavaScript. The build of the pages takes this file in its place: browsers hash with
 * native code only asynchronously, and the journal's checks need each hash at once.
 */
export function hashOfBytes(...parts: readonly Uint8Array[]): Hash {
  return toHex(digestOf(...parts));
}

/** SHA-256 over the parts one after another. */
export function digestOf(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = sha256.create();
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** SHA-256 of bytes that come piece by piece, in hex. */
export async function hashOfPieces(pieces: AsyncIterable<Uint8Array>): Promise<Hash> {
  const hash = sha256.create();
  for await (const piece of pieces) hash.update(piece);
  return toHex(hash.digest());
}
