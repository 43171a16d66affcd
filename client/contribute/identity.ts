import * as v from 'valibot';
import { TapestryError } from '../errors.ts';
import type { Files, Identity } from './host.ts';

const fileName = 'identity.json';

const coordinate = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/));
const storedKey = v.object({
  kty: v.literal('OKP'),
  crv: v.literal('Ed25519'),
  x: coordinate,
  d: coordinate,
});

/**
 * The node's Ed25519 key, kept as a JSON Web Key (RFC 8037) in `identity.json`; made at the first call.
 * @throws TapestryError `identity.unreadable` rather than replacing a key that someone may still want
 */
export async function identityInFiles(files: Files): Promise<Identity> {
  const bytes = await files.read(fileName);
  if (bytes !== null) return readIdentity(bytes);
  const pair = await generate(true);
  const key = await crypto.subtle.exportKey('jwk', pair.privateKey);
  const { kty, crv, x, d } = v.parse(storedKey, key);
  await files.write(fileName, new TextEncoder().encode(`${JSON.stringify({ kty, crv, x, d })}\n`));
  return identityOf(pair);
}

/** A new key pair. WebCrypto lets the public half be exported whatever `extractable` says. */
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
      `The data folder's ${fileName} holds no Ed25519 key.`,
      `Restore ${fileName} from a backup, or remove it to make a new key.`,
      { cause },
    );
  }
}
