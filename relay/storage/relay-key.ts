import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { TapestryError } from '../../client/errors.ts';
import { type FileSystem, writeDurably } from './files.ts';

/** The relay's signing key: Ed25519, PKCS8 in PEM, readable by its owner only (`openssl pkey -in relay.key -text`). */
export interface RelayKey {
  readonly signing: CryptoKey;
  /** 32 bytes, as in the manifest. */
  readonly public: Uint8Array<ArrayBuffer>;
}

export const keyFile = 'relay.key';

/** Reads the folder's key. If there is none and `make` is true, makes one, durable before it is used. Throws `key.damaged`. */
export async function openRelayKey(
  files: FileSystem,
  folder: string,
  { make }: { make: boolean },
): Promise<RelayKey> {
  const bytes = await files.read(`${folder}/${keyFile}`);
  if (bytes !== null) return parseRelayKey(bytes);
  if (!make) throw keyDamaged('it is missing');
  const made = generateKeyPairSync('ed25519').privateKey;
  await writeDurably(files, folder, keyFile, new TextEncoder().encode(pemOf(made)), { secret: true });
  return relayKeyOf(made);
}

/** Strict: the file must be byte for byte what `openRelayKey` would write for the key in it. Throws `key.damaged`. */
export async function parseRelayKey(bytes: Uint8Array): Promise<RelayKey> {
  const text = new TextDecoder().decode(bytes);
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch (cause) {
    throw keyDamaged('it holds no private key', cause);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw keyDamaged('it holds no Ed25519 key');
  if (pemOf(key) !== text) throw keyDamaged('it was changed after it was written');
  return relayKeyOf(key);
}

async function relayKeyOf(key: KeyObject): Promise<RelayKey> {
  const pkcs8 = new Uint8Array(key.export({ type: 'pkcs8', format: 'der' }));
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return {
    signing: await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']),
    // RFC 8410: the key is the last 32 bytes of the 44.
    public: new Uint8Array(spki.subarray(-32)),
  };
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function keyDamaged(why: string, cause?: unknown): TapestryError {
  return new TapestryError('key.damaged', `${keyFile}: ${why}`, 'Put the file back from a copy.', { cause });
}
