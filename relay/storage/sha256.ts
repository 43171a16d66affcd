import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Hash } from '../wire/hex.ts';

/**
 * SHA-256 over the parts one after another, in hex. Synchronous and native: journal and uploads need the hash at once, and
 * client/sha256.ts is either asynchronous or in JavaScript.
 */
export function hashOfBytes(...parts: readonly Uint8Array[]): Hash {
  return hashing(parts).digest('hex');
}

/** SHA-256 over the parts one after another. */
export function digestOf(...parts: readonly Uint8Array[]): Uint8Array {
  return hashing(parts).digest();
}

function hashing(parts: readonly Uint8Array[]) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash;
}

/** SHA-256 of a stream up to its end, in hex; its memory does not grow with the stream. Rejects if the stream fails. */
export async function hashOfStream(stream: Readable): Promise<Hash> {
  const hash = createHash('sha256');
  await pipeline(stream, hash);
  return hash.digest('hex');
}

/** SHA-256 of bytes that come piece by piece, in hex. */
export async function hashOfPieces(pieces: AsyncIterable<Uint8Array>): Promise<Hash> {
  const hash = createHash('sha256');
  for await (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}
