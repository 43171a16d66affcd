import { utf8ToBytes } from '@noble/hashes/utils.js';
import { hashOfBytes } from '../../../../relay/storage/sha256.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';

/** A name of a virtual world as a hash, for the machines that read it as one. */
export function hexOf(name: string): Hash {
  return hashOfBytes(utf8ToBytes(name));
}
