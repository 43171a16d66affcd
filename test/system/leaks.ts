/** Text of a node's corpus that was found in the bytes it sent. */
export interface Leak {
  readonly encoding: string;
  readonly fragment: string;
  /** The offset in the bytes at which it begins. */
  readonly at: number;
}

/** The search ignores shorter strings: weights are noise, in which those occur by chance. */
export const fragmentLength = 8;

const fixedWidth = (width: number, write: (view: DataView, at: number, token: number) => void) => {
  return (fragment: string) => {
    const bytes = Buffer.alloc(fragment.length * width);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let i = 0; i < fragment.length; i++) write(view, i * width, fragment.charCodeAt(i));
    return bytes;
  };
};

const decimal = (separator: string) => (fragment: string) =>
  Buffer.from([...Buffer.from(fragment)].join(separator));

/** The part of a longer text's base64 that depends on `fragment` alone, with `before` bytes ahead of it in its group. */
const base64 = (before: 0 | 1 | 2, alphabet: 'base64' | 'base64url') => (fragment: string) => {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(fragment)]);
  const [from, to] = [Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6)];
  return Buffer.from(bytes.toString(alphabet).slice(from, to));
};

/** The ways text could be encoded in bytes. ASCII characters are the byte tokenizer's token ids too. */
export const encodings: Readonly<Record<string, (fragment: string) => Buffer>> = {
  'raw text, token ids as u8': (fragment) => Buffer.from(fragment),
  'hex, lower case': (fragment) => Buffer.from(Buffer.from(fragment).toString('hex')),
  'hex, upper case': (fragment) => Buffer.from(Buffer.from(fragment).toString('hex').toUpperCase()),
  'base64, first alignment': base64(0, 'base64'),
  'base64, second alignment': base64(1, 'base64'),
  'base64, third alignment': base64(2, 'base64'),
  'base64url, first alignment': base64(0, 'base64url'),
  'base64url, second alignment': base64(1, 'base64url'),
  'base64url, third alignment': base64(2, 'base64url'),
  'UTF-16 little-endian, token ids as u16': fixedWidth(2, (view, at, token) =>
    view.setUint16(at, token, true),
  ),
  'UTF-16 big-endian, token ids as u16': fixedWidth(2, (view, at, token) => view.setUint16(at, token, false)),
  'token ids as u32 little-endian': fixedWidth(4, (view, at, token) => view.setUint32(at, token, true)),
  'token ids as u32 big-endian': fixedWidth(4, (view, at, token) => view.setUint32(at, token, false)),
  'token ids as f32': fixedWidth(4, (view, at, token) => view.setFloat32(at, token, true)),
  'token ids in decimal, commas': decimal(','),
  'token ids in decimal, spaces': decimal(' '),
  'token ids in decimal, commas and spaces': decimal(', '),
};

interface Needle {
  readonly encoding: string;
  readonly fragment: string;
  readonly bytes: Buffer;
}

/** Finds any `fragmentLength` characters of `texts` (ASCII), in every encoding, in one pass over the bytes. */
export class LeakDetector {
  /** The patterns by their first four bytes. */
  readonly #needles = new Map<number, Needle[]>();

  constructor(texts: readonly string[]) {
    const fragments = new Set<string>();
    for (const text of texts) {
      for (let i = 0; i + fragmentLength <= text.length; i++)
        fragments.add(text.slice(i, i + fragmentLength));
    }
    for (const [encoding, encode] of Object.entries(encodings)) {
      for (const fragment of fragments) {
        const bytes = encode(fragment);
        const start = bytes.readUInt32LE();
        const alike = this.#needles.get(start);
        if (alike === undefined) this.#needles.set(start, [{ encoding, fragment, bytes }]);
        else alike.push({ encoding, fragment, bytes });
      }
    }
  }

  find(bytes: Buffer): Leak[] {
    const leaks: Leak[] = [];
    let start = 0;
    for (let end = 0; end < bytes.length; end++) {
      start = (start >>> 8) | ((bytes[end] ?? 0) << 24);
      const at = end - 3;
      if (at < 0) continue;
      for (const { encoding, fragment, bytes: needle } of this.#needles.get(start >>> 0) ?? []) {
        if (needle.equals(bytes.subarray(at, at + needle.length))) leaks.push({ encoding, fragment, at });
      }
    }
    return leaks;
  }
}
