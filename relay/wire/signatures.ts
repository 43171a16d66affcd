import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { UnsignedOffer } from './offer.ts';
import type { Acknowledgement, Evaluation, Join } from './tapestry_pb.js';

/**
 * The bytes that a Join's signature covers. The bytes of each kind of signature begin with their own words, so that a
 * signature made for one purpose is never valid for another, and hold the connection's nonce or the run, so that it is
 * valid only there.
 */
export function joinBytes(
  nonce: Uint8Array,
  join: Pick<Join, 'protocol' | 'run' | 'publicKey' | 'host' | 'corpus'>,
): Uint8Array<ArrayBuffer> {
  return joined(
    utf8ToBytes('tapestry join v2'),
    nonce,
    u32(join.protocol),
    join.run,
    join.publicKey,
    u32(join.host),
    u32(join.corpus),
  );
}

export function offerBytes(run: Uint8Array, offer: UnsignedOffer): Uint8Array<ArrayBuffer> {
  return joined(
    utf8ToBytes('tapestry offer v2'),
    run,
    u32(offer.round),
    offer.base,
    offer.payload,
    u32(offer.payloadBytes),
    u32(offer.steps),
    u32(offer.tokens),
    f32(offer.trainingLoss),
    f32(offer.heldOutLoss),
    u32(offer.part),
  );
}

export function acknowledgementBytes(
  run: Uint8Array,
  acknowledgement: Pick<Acknowledgement, 'round' | 'attempt' | 'payload' | 'sequence' | 'entry'>,
): Uint8Array<ArrayBuffer> {
  return joined(
    utf8ToBytes('tapestry acknowledgement v2'),
    run,
    u32(acknowledgement.round),
    u32(acknowledgement.attempt),
    acknowledgement.payload,
    u64(acknowledgement.sequence),
    acknowledgement.entry,
  );
}

export function evaluationBytes(
  run: Uint8Array,
  evaluation: Pick<Evaluation, 'round' | 'attempt' | 'closed' | 'after' | 'before'>,
): Uint8Array<ArrayBuffer> {
  return joined(
    utf8ToBytes('tapestry evaluation v2'),
    run,
    u32(evaluation.round),
    u32(evaluation.attempt),
    evaluation.closed,
    f32(evaluation.after),
    ...evaluation.before.map(f32),
  );
}

export function manifestSignedBytes(manifestBytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return joined(utf8ToBytes('tapestry manifest v2'), manifestBytes);
}

/** The bytes that a token proof covers: it is valid only for this key on this connection. */
export function tokenBytes(nonce: Uint8Array, publicKey: Uint8Array): Uint8Array<ArrayBuffer> {
  return joined(utf8ToBytes('tapestry token v2'), nonce, publicKey);
}

/** Proof that a node knows the join token (HMAC, RFC 2104). */
export function tokenProof(token: string, nonce: Uint8Array, publicKey: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hmac(sha256, utf8ToBytes(token), tokenBytes(nonce, publicKey)));
}

/** Compares two secrets in a time that does not depend on where they differ; only their lengths show. */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** Ed25519 (RFC 8032); `key` is a WebCrypto private key, which need not be extractable. */
export async function sign(key: CryptoKey, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign('Ed25519', key, bytes));
}

/** False for an invalid key, for a signature of the wrong length and for one that does not match; never throws. */
export async function verifySignature(
  publicKey: Uint8Array,
  bytes: Uint8Array<ArrayBuffer>,
  signature: Uint8Array,
): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey('raw', joined(publicKey), 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify('Ed25519', key, joined(signature), bytes);
  } catch {
    return false;
  }
}

/** The parts joined in a new buffer: WebCrypto refuses views of a SharedArrayBuffer, which the wire's types allow. */
function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(concatBytes(...parts));
}

function u32(value: number): Uint8Array {
  return little(4, (view) => view.setUint32(0, value, true));
}

function u64(value: bigint): Uint8Array {
  return little(8, (view) => view.setBigUint64(0, value, true));
}

function f32(value: number): Uint8Array {
  return little(4, (view) => view.setFloat32(0, value, true));
}

function little(bytes: number, write: (view: DataView) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(bytes));
  write(view);
  return new Uint8Array(view.buffer);
}
