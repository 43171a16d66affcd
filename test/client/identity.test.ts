import { expect, test } from 'vitest';
import { generate, identityOf, isSignedBy, signBytes } from '../../client/identity.ts';

test('a signature holds for its key and its bytes alone, and anything else is no signature', async () => {
  const identity = await identityOf(await generate(false));
  const other = await identityOf(await generate(false));
  const bytes = Uint8Array.of(1, 2, 3);
  const signature = await signBytes(identity, bytes);
  expect(await isSignedBy(identity.publicKey, bytes, signature)).toBe(true);
  expect(await isSignedBy(other.publicKey, bytes, signature)).toBe(false);
  expect(await isSignedBy(identity.publicKey, Uint8Array.of(1, 2), signature)).toBe(false);
  expect(await isSignedBy(identity.publicKey, bytes, signature.subarray(1))).toBe(false);
  expect(await isSignedBy(Uint8Array.of(1), bytes, signature)).toBe(false);
});
