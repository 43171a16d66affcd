import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex, isHash, toHex } from '../../../relay/wire/hex.ts';

test('bytes are read back from hex, which has one spelling', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
      expect(fromHex(toHex(bytes))).toEqual(bytes);
    }),
  );
  for (const wrong of ['a', 'AB', 'zz', ' 00', '00\n']) expect(() => fromHex(wrong)).toThrow(RangeError);
});

test('a hash is exactly 64 lower-case digits', () => {
  const hash = 'ab'.repeat(32);
  expect(isHash(hash)).toBe(true);
  for (const wrong of ['', hash.slice(1), `${hash}0`, hash.toUpperCase(), `${hash}\n`, '../etc/passwd']) {
    expect(isHash(wrong)).toBe(false);
  }
});
