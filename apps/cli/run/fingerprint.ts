import { TapestryError } from '../../../client/errors.ts';

/**
 * A certificate's SHA-256 as tools print it: hex in either case, with colons, spaces or nothing between the bytes, and
 * after a label such as `sha256 Fingerprint=` or `SHA-256:`. Gives 64 lower-case hex digits. For commander; throws
 * `usage.fingerprint`, so that a misread fingerprint is not reported as a forged certificate.
 */
export function fingerprintOf(text: string): string {
  const digits = text
    .trim()
    .replace(/^sha-?256\s*(?:fingerprint)?\s*[=:]?\s*/i, '')
    .replaceAll(/[\s:-]/g, '')
    .toLowerCase();
  if (/^[\da-f]{64}$/.test(digits)) return digits;
  throw new TapestryError(
    'usage.fingerprint',
    `${text} is not the SHA-256 of a certificate: it needs 32 bytes in hex.`,
    'Copy the fingerprint that the relay prints when it starts, such as 5f:0c:… or 5F0C….',
  );
}
