import { expect, test } from 'vitest';
import { fingerprintOf } from '../../../../apps/cli/run/fingerprint.ts';

const digits = '5f0c'.repeat(16);
const pairs = digits.match(/../g) ?? [];

test.each([
  digits,
  digits.toUpperCase(),
  pairs.join(':'),
  pairs.join(':').toUpperCase(),
  pairs.join(' '),
  pairs.join('-'),
  ` ${digits}\n`,
  `sha256 Fingerprint=${pairs.join(':').toUpperCase()}`,
  `SHA256:${digits}`,
  `SHA-256: ${pairs.join(':')}`,
  `SHA-256 fingerprint: ${pairs.join(' ')}`,
])('reads %j', (text) => {
  expect(fingerprintOf(text)).toBe(digits);
});

test.each([
  'ab',
  digits.slice(1),
  `${digits}0`,
  `sha1 Fingerprint=${pairs.slice(0, 20).join(':')}`,
  'x'.repeat(64),
])('refuses %j as wrong use, not as a wrong certificate', (text) => {
  expect(() => fingerprintOf(text)).toThrow(expect.objectContaining({ code: 'usage.fingerprint' }));
});
