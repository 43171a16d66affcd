/**
 * How files store numbers. BF16 is the upper half of a float32. Q8_0 and Q4_0 are ggml's: 32 values share a float16 scale,
 * and each has 8 or 4 bits.
 */
export const numberTypes = {
  F32: { values: 1, bytes: 4 },
  F16: { values: 1, bytes: 2 },
  BF16: { values: 1, bytes: 2 },
  Q8_0: { values: 32, bytes: 34 },
  Q4_0: { values: 32, bytes: 18 },
} as const;
export type NumberType = keyof typeof numberTypes;

/** The bytes of `count` values, a multiple of the type's block. */
export function bytesOf(type: NumberType, count: number): number {
  const { values, bytes } = numberTypes[type];
  return (count / values) * bytes;
}

/** Decodes the stored form of `into.length` values. The bytes may begin at any offset of their buffer. */
export function decodeNumbers(type: NumberType, bytes: Uint8Array<ArrayBuffer>, into: Float32Array): void {
  decoders[type](bytes, into);
}

const decoders: Readonly<Record<NumberType, (bytes: Uint8Array<ArrayBuffer>, into: Float32Array) => void>> = {
  F32: (bytes, into) => into.set(new Float32Array(aligned(bytes, 4), 0, into.length)),
  F16: (bytes, into) => into.set(new Float16Array(aligned(bytes, 2), 0, into.length)),
  BF16: decodeBf16,
  Q8_0: (bytes, into) => decodeBlocks('Q8_0', bytes, into, (quants, i) => ((quants[i] ?? 0) << 24) >> 24),
  Q4_0: (bytes, into) =>
    decodeBlocks('Q4_0', bytes, into, (quants, i) => {
      const pair = quants[i % 16] ?? 0;
      return (i < 16 ? pair & 15 : pair >> 4) - 8;
    }),
};

/** The types that are written. */
export type WrittenType = 'F32' | 'F16' | 'BF16' | 'Q8_0';

/** Encodes values; for Q8_0 a multiple of 32. */
export function encodeNumbers(type: WrittenType, values: Float32Array): Uint8Array<ArrayBuffer> {
  return encoders[type](values);
}

const encoders: Readonly<Record<WrittenType, (values: Float32Array) => Uint8Array<ArrayBuffer>>> = {
  F32: (values) => new Uint8Array(Float32Array.from(values).buffer),
  F16: (values) => new Uint8Array(Float16Array.from(values).buffer),
  BF16: encodeBf16,
  Q8_0: encodeQ8,
};

function aligned(bytes: Uint8Array<ArrayBuffer>, step: number): ArrayBuffer {
  const whole = bytes.byteOffset === 0 && bytes.byteLength % step === 0;
  return whole ? bytes.buffer : bytes.slice().buffer;
}

function decodeBf16(bytes: Uint8Array<ArrayBuffer>, into: Float32Array): void {
  const halves = new Uint16Array(aligned(bytes, 2), 0, into.length);
  const words = new Uint32Array(into.buffer, into.byteOffset, into.length);
  for (let i = 0; i < halves.length; i++) words[i] = (halves[i] ?? 0) << 16;
}

/** Rounds to the nearest, and to even between two. NaN stays NaN. */
function encodeBf16(values: Float32Array): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Float32Array.from(values).buffer);
  const halves = new Uint16Array(words.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? 0;
    const notANumber = (word & 0x7fffffff) > 0x7f800000;
    halves[i] = notANumber ? (word >>> 16) | 64 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return new Uint8Array(halves.buffer);
}

function decodeBlocks(
  type: 'Q8_0' | 'Q4_0',
  bytes: Uint8Array,
  into: Float32Array,
  quantOf: (quants: Uint8Array, i: number) => number,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { bytes: blockBytes } = numberTypes[type];
  for (let block = 0; block * 32 < into.length; block++) {
    const scale = view.getFloat16(block * blockBytes, true);
    const quants = bytes.subarray(block * blockBytes + 2, (block + 1) * blockBytes);
    for (let i = 0; i < 32; i++) into[block * 32 + i] = scale * quantOf(quants, i);
  }
}

/** As ggml's quantize_row_q8_0_ref: all in float32, halves rounded away from zero. */
function encodeQ8(values: Float32Array): Uint8Array<ArrayBuffer> {
  const { bytes: blockBytes } = numberTypes.Q8_0;
  const bytes = new Uint8Array((values.length / 32) * blockBytes);
  const view = new DataView(bytes.buffer);
  for (let block = 0; block * 32 < values.length; block++) {
    const these = values.subarray(block * 32, block * 32 + 32);
    const greatest = these.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const scale = Math.fround(greatest / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    view.setFloat16(block * blockBytes, scale, true);
    for (const [i, value] of these.entries()) {
      const scaled = Math.fround(value * inverse);
      const rounded = Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5);
      view.setInt8(block * blockBytes + 2 + i, rounded);
    }
  }
  return bytes;
}
