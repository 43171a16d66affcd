import { Random } from '../../random.ts';

/** Values repeat after this prime number of elements, so that no row of a matrix equals another. */
const period = 65_521;

/** Offset between the first values of two bindings, and the limit on bindings. */
const stride = 1031;
const bindings = 16;

/** Reproducible values in ±[1/4, 1): sums of many stay finite even as 16-bit floats, and no value is zero. */
export class Noise {
  readonly #bytes: number;
  #floats: Float32Array<ArrayBuffer> | undefined;
  #halves: Uint16Array<ArrayBuffer> | undefined;

  /** `bytes`: the size of the largest binding. */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  floats(binding: number, elements: number): Float32Array<ArrayBuffer> {
    this.#floats ??= repeated(
      Float32Array.from(words(), floatOf),
      new Float32Array(this.#bytes / 4 + bindings * stride),
    );
    return this.#floats.subarray(binding * stride, binding * stride + elements);
  }

  /** The values of a binding as the bits of 16-bit floats. */
  halves(binding: number, elements: number): Uint16Array<ArrayBuffer> {
    this.#halves ??= repeated(
      Uint16Array.from(words(), halfOf),
      new Uint16Array(this.#bytes / 2 + bindings * stride),
    );
    return this.#halves.subarray(binding * stride, binding * stride + elements);
  }
}

function words(): number[] {
  const random = Random.seeded(1);
  return Array.from({ length: period }, () => random.uint32());
}

const signOf = (word: number) => (word & 1 ? -1 : 1);

function floatOf(word: number): number {
  const scale = word & 2 ? 1 : 0.5;
  return signOf(word) * scale * (0.5 + (word >>> 2) / 2 ** 31);
}

/** The bits of a 16-bit float: sign, an exponent for [1/4, 1/2) or [1/2, 1), ten bits of fraction. */
function halfOf(word: number): number {
  const exponent = word & 2 ? 14 : 13;
  return ((word & 1) << 15) | (exponent << 10) | (word >>> 22);
}

function repeated<Values extends Float32Array | Uint16Array>(block: Values, into: Values): Values {
  for (let at = 0; at < into.length; at += block.length)
    into.set(block.subarray(0, Math.min(block.length, into.length - at)), at);
  return into;
}

let table: Float32Array | undefined;

/** The values of 16-bit floats with these bits (IEEE 754 binary16). */
export function valuesOfHalves(bits: Uint16Array): Float32Array {
  table ??= Float32Array.from({ length: 2 ** 16 }, (_, half) => {
    const sign = half >>> 15 ? -1 : 1;
    const exponent = (half >>> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
  const values = table;
  return Float32Array.from(bits, (half) => values[half] ?? Number.NaN);
}
