/**
 * The index of the first byte that is not part of a UTF-8 character (RFC 3629: no overlong forms, no surrogates, nothing
 * above U+10FFFF) or is NUL, which text does not contain; -1 if every byte is text.
 */
export function firstNotText(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; ) {
    const first = byteAt(bytes, at);
    const length = first === 0 ? 0 : characterLength(first, byteAt(bytes, at + 1));
    if (length === 0) return at;
    for (let next = at + 1; next < at + length; next++) if ((byteAt(bytes, next) & 0xc0) !== 0x80) return at;
    at += length;
  }
  return -1;
}

/** The byte at `at`; past the end 0xFF, which can neither begin nor continue a character. */
const byteAt = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0xff;

/** Length in bytes of the character that begins with `first` and `second`; 0 if no character does. */
function characterLength(first: number, second: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return 2;
  if (first === 0xe0) return second >= 0xa0 ? 3 : 0;
  if (first === 0xed) return second < 0xa0 ? 3 : 0;
  if (first < 0xf0) return 3;
  if (first === 0xf0) return second >= 0x90 ? 4 : 0;
  if (first < 0xf4) return 4;
  return first === 0xf4 && second < 0x90 ? 4 : 0;
}
