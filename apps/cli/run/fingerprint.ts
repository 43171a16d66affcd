import { TapestryError } from '../../../client/errors.ts';

/**
 * A certificate's SHA-256 as tools print it: hex in either case, with colons, spaces or nothing between the bytes, and
 * after a label such as `sha256 Fingerprint=` or `SHA-256:`; or as links hold it, in base64url. Gives 64 lower-case hex digits. For commander; throws
 * `usage.fingerprint`, so that a misread fingerprint is not reported as a forged certificate.
 */
export function fingerprintOf(text: string): string {
  const digits = text
    .trim()
    .replace(/^sha-?256\s*(?:fingerprint)?\s*[=:]?\s*/i, '')
    .replaceAll(/[\s:-]/g, '')
    .toLowerCase();
  if (/^[\da-f]{64}$/.test(digits)) return digits;
  // 32 bytes are 43 digits of base64url, the last of which carries 4 bits.
  const short = Buffer.from(text.trim(), 'base64url');
  if (/^[\w-]{43}$/.test(text.trim()) && short.toString('base64url') === text.trim())
    return short.toString('hex');
  throw new TapestryError(
    'usage.fingerprint',
    `${text} is not the SHA-256 of a certificate: it needs 32 bytes in hex.`,
    'Copy the fingerprint that the relay prints when it starts, such as --fingerprint 5f:0c:… or 5F0C….',
  );
}

/** A certificate's SHA-256, hex with or without colons, as links hold it: 43 digits of base64url. */
export function shortFingerprint(hex: string): string {
  return Buffer.from(hex.replaceAll(':', ''), 'hex').toString('base64url');
}
