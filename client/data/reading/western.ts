import { formatBytes } from './file-format.ts';
import { firstNotText } from './utf8.ts';

/** Converts a file's bytes to UTF-8, chunk by chunk; `last` is true for the last chunk. */
export type Decode = (bytes: Uint8Array<ArrayBuffer>, last: boolean) => Uint8Array<ArrayBuffer>;

/**
 * Decodes text without a byte order mark: UTF-8, or Windows-1252 (which includes Latin-1), the encoding of most Western
 * files that are not UTF-8. ASCII is the same in both and passes through. The `formatBytes` bytes from the first other byte
 * on decide, so that the result does not depend on the chunks. `onWestern` is called if they are Windows-1252.
 */
export function utf8OrWestern(onWestern: () => void): Decode {
  let decode: Decode | null = null;
  let held = new Uint8Array(0);
  return (bytes, last) => {
    if (decode !== null) return decode(bytes, last);
    held = concatenated(held, bytes);
    const first = held.findIndex((byte) => byte >= 0x80);
    if (first >= 0 && held.length - first < formatBytes && !last) return new Uint8Array(0);
    const all = held;
    held = new Uint8Array(0);
    if (first < 0) return all;
    const isWestern = isWindows1252(all.subarray(first, first + formatBytes));
    decode = isWestern ? westernDecoder() : (utf8) => utf8;
    if (isWestern) onWestern();
    return decode(all, last);
  };
}

function westernDecoder(): Decode {
  const decoder = new TextDecoder('windows-1252');
  const encoder = new TextEncoder();
  return (bytes, last) => encoder.encode(decoder.decode(bytes, { stream: !last }));
}

/** Bytes without a character in Windows-1252, and those of ƒ, ˆ, ‰, ˜ and ÿ, which are rarer in text than in other data. */
const implausible = new Set([0x81, 0x83, 0x88, 0x89, 0x8d, 0x8f, 0x90, 0x98, 0x9d, 0xff]);
const isControl = (byte: number) => (byte < 0x20 && !(byte >= 0x09 && byte <= 0x0d)) || byte === 0x7f;
/** The bytes from here on are letters, except two signs. */
const firstLetter = 0xc0;

/**
 * True if bytes that begin with one above 0x7F are Windows-1252 text. They hold no character of UTF-8 above 0x7F, no
 * implausible byte and no control character. No three different accented letters are adjacent, which excludes the one-byte
 * encodings of other scripts and the two-byte encodings. Central European encodings cannot be told apart from it.
 */
function isWindows1252(bytes: Uint8Array<ArrayBuffer>): boolean {
  for (let at = 0; at < bytes.length; at++) {
    const [byte = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
    if (implausible.has(byte) || isControl(byte)) return false;
    const areLetters = Math.min(byte, second, third) >= firstLetter;
    if (areLetters && (byte !== second || second !== third)) return false;
    if (byte >= firstLetter && isUtf8Character(bytes.subarray(at, at + 4))) return false;
  }
  return true;
}

/** True if a character of two to four bytes begins here. */
const isUtf8Character = (bytes: Uint8Array<ArrayBuffer>): boolean =>
  [2, 3, 4].some((length) => length <= bytes.length && firstNotText(bytes.subarray(0, length)) < 0);

export function concatenated(
  one: Uint8Array<ArrayBuffer>,
  other: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
