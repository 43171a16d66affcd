import { del, get, set } from 'idb-keyval';
import { TapestryError } from '../../errors.ts';
import { generate, type Identity, identityOf } from '../../identity.ts';

const keyName = 'tapestry identity';

/** Removes the identity from IndexedDB. */
export function forgetIdentity(): Promise<void> {
  return del(keyName);
}

/** The identity in IndexedDB; null before the first use. Throws as `storedIdentity`. */
export async function knownIdentity(): Promise<Identity | null> {
  const stored: unknown = await get(keyName);
  if (isKeyPair(stored)) return identityOf(stored);
  if (stored === undefined) return null;
  throw new TapestryError(
    'identity.unreadable',
    'What this browser stores as the key of this node is no key.',
    'Reload the page with the newest version of the browser. The key is your place in the run: a new one needs another profile of the browser.',
  );
}

/**
 * The identity in IndexedDB, which stores the key object itself. No script, not even this page's, can export the private key.
 * The first call creates it; something else in its place is never replaced.
 * @throws TapestryError `identity.unreadable`
 */
export async function storedIdentity(): Promise<Identity> {
  const known = await knownIdentity();
  if (known !== null) return known;
  const pair = await generate(false);
  await set(keyName, pair);
  return identityOf(pair);
}

function isKeyPair(value: unknown): value is CryptoKeyPair {
  return (
    typeof value === 'object' &&
    value !== null &&
    'publicKey' in value &&
    value.publicKey instanceof CryptoKey &&
    'privateKey' in value &&
    value.privateKey instanceof CryptoKey
  );
}
