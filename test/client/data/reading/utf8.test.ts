import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstNotText } from '../../../../client/data/reading/utf8.ts';

const strict = new TextDecoder('utf-8', { fatal: true });

function decodes(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

test('the check finds every byte that a strict decoder refuses, and NUL', () => {
  const byte = fc.oneof(
    fc.constantFrom(0x41, 0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0x9f, 0xa0, 0x90, 0x8f),
    fc.integer({ min: 1, max: 255 }),
  );
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 6 }), (values) => {
      const bytes = Uint8Array.from(values);
      const bad = firstNotText(bytes);
      expect(bad === -1).toBe(decodes(bytes));
      if (bad >= 0) expect(decodes(bytes.subarray(0, bad))).toBe(true);
    }),
    { numRuns: 20_000 },
  );
  expect(firstNotText(Uint8Array.of(0x61, 0, 0x61))).toBe(1);
});
