import * as v from 'valibot';
import { TapestryError } from './errors.ts';
import type { Files } from './runtime.ts';

/** An Ed25519 key. The private key can only sign; in a browser it cannot be exported. */
export interface Identity {
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly privateKey: CryptoKey;
}

/** The file of a node's key. */
export const identityFile = 'identity.json';

const coordinate = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/));
const storedKey = v.object({
  kty: v.literal('OKP'),
  crv: v.literal('Ed25519'),
  x: coordinate,
  d: coordinate,
});

/**
 * The node's Ed25519 key, stored as a JSON Web Key (RFC 8037) in `identity.json`. The first call creates it. An unreadable
 * key is never replaced, because its owner may be able to restore it.
 * @throws TapestryError `identity.unreadable`
 */
export async function identityInFiles(files: Files): Promise<Identity> {
  const bytes = await files.read(identityFile);
  if (bytes !== null) return readIdentity(bytes);
  const pair = await generate(true);
  const key = await crypto.subtle.exportKey('jwk', pair.privateKey);
  const { kty, crv, x, d } = v.parse(storedKey, key);
  await files.write(identityFile, new TextEncoder().encode(`${JSON.stringify({ kty, crv, x, d })}\n`));
  return identityOf(pair);
}

/** A new key pair. `extractable` applies to the private key; the public key can always be exported. */
export async function generate(extractable: boolean): Promise<CryptoKeyPair> {
  const pair = await crypto.subtle.generateKey('Ed25519', extractable, ['sign', 'verify']);
  if (!('privateKey' in pair)) throw new TypeError('Ed25519 gave no key pair');
  return pair;
}

export async function identityOf(pair: CryptoKeyPair): Promise<Identity> {
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  return { publicKey, privateKey: pair.privateKey };
}

async function readIdentity(bytes: Uint8Array<ArrayBuffer>): Promise<Identity> {
  try {
    const key = v.parse(storedKey, JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
    const { kty, crv, x } = key;
    const privateKey = await crypto.subtle.importKey('jwk', key, 'Ed25519', false, ['sign']);
    const publicKey = await crypto.subtle.importKey('jwk', { kty, crv, x }, 'Ed25519', true, ['verify']);
    return await identityOf({ privateKey, publicKey });
  } catch (cause) {
    throw new TapestryError(
      'identity.unreadable',
      `The data folder's ${identityFile} holds no Ed25519 key.`,
      `Restore ${identityFile} from a backup: the key is your place in the run. A new key needs another folder (--data).`,
      { cause },
    );
  }
}

/** Ed25519 (RFC 8032). `bytes` begin with words of their own, so that a signature for one purpose is never valid for another. */
export async function signBytes(
  { privateKey }: Identity,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, bytes));
}

/** False for an invalid key, for a signature of the wrong length and for one that does not match; never throws. */
export async function isSignedBy(
  publicKey: Uint8Array<ArrayBuffer>,
  bytes: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify('Ed25519', key, signature, bytes);
  } catch {
    return false;
  }
}
