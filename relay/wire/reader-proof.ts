import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { fromHex, toHex } from './hex.ts';
import { sign } from './signatures.ts';

/**
 * How a reader proves that it may read single contributions. The relay answers 401 with
 * `WWW-Authenticate: Tapestry nonce=N`; the reader repeats the request with `Authorization: Tapestry nonce=N, proof=P`,
 * in lower-case hex, and may reuse N for ten minutes. P is a member's `readerProof` or an auditor's Ed25519 signature over
 * `readerBytes`.
 */
export function readerBytes(nonce: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(concatBytes(utf8ToBytes('tapestry read v2'), nonce));
}

/** HMAC-SHA256 (RFC 2104) with the join token as its key: it proves that the reader knows the token, without revealing it. */
export function readerProof(token: string, nonce: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hmac(sha256, utf8ToBytes(token), readerBytes(nonce)));
}

/** The nonce of a relay's WWW-Authenticate header; null if it has none. */
export function nonceOf(header: string | null): string | null {
  return /^Tapestry nonce=([0-9a-f]{64})$/.exec(header ?? '')?.[1] ?? null;
}

/** The secret with which a reader proves that it may read: the join token, or an auditor's Ed25519 key. */
export type ReaderSecret = { readonly token: string } | { readonly key: CryptoKey };

/** The Authorization header for a nonce, which is 64 digits of hex. */
export async function authorizationOf(secret: ReaderSecret, nonce: string): Promise<string> {
  const bytes = fromHex(nonce);
  const proof =
    'token' in secret ? readerProof(secret.token, bytes) : await sign(secret.key, readerBytes(bytes));
  return `Tapestry nonce=${nonce}, proof=${toHex(proof)}`;
}
