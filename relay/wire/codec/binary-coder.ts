/**
 * Arithmetic coding of bits (Rissanen and Langdon 1979) with probabilities that both sides learn alike from the bits before. All numbers
 * are integers below 2^53, so every host codes and decodes the same bytes.
 */

/** A probability is in 65,536ths where it is learned, and in 4,096ths where it divides an interval. */
const certain = 65_536;
const half = certain / 2;

/** After so many bits a probability follows the newest ones. */
const mostSeen = 255;

/** The probabilities of a one, each of a context: what is known of the bit before it is coded. */
export class Contexts {
  readonly #ones: Uint16Array;
  readonly #seen: Uint8Array;

  constructor(count: number) {
    this.#ones = new Uint16Array(count);
    this.#seen = new Uint8Array(count);
    this.forget();
  }

  forget(): void {
    this.#ones.fill(half);
    this.#seen.fill(0);
  }

  /** In 4,096ths; at least 1, and at most 4,095. */
  of(context: number): number {
    return (this.#ones[context] ?? half) >>> 4;
  }

  /** Moves the probability to the bit by its distance from it, divided by 3/2 more than the bits that were seen. */
  learn(context: number, bit: boolean): void {
    const seen = this.#seen[context] ?? 0;
    const ones = this.#ones[context] ?? half;
    const parts = 2 * seen + 3;
    this.#ones[context] = bit
      ? ones + Math.floor((2 * (certain - ones)) / parts)
      : ones - Math.floor((2 * ones) / parts);
    if (seen < mostSeen) this.#seen[context] = seen + 1;
  }
}

const greatest = 0xffff_ffff;

/** The interval that the bits so far leave: both ends belong to it. Its ends differ in their first byte. */
class Interval {
  low = 0;
  high = greatest;

  /** The last number of the part that stands for a one: never the last of the interval. */
  middle(ones: number): number {
    return this.low + ((this.high - this.low) >>> 12) * ones;
  }

  narrow(bit: boolean, middle: number): void {
    if (bit) this.high = middle;
    else this.low = middle + 1;
  }

  /** True while both ends begin with the same byte, which `shift` then removes. */
  get hasByte(): boolean {
    return (this.low ^ this.high) >>> 24 === 0;
  }

  shift(): void {
    this.low = (this.low << 8) >>> 0;
    this.high = ((this.high << 8) | 0xff) >>> 0;
  }

  /** The first number of the interval that ends in three bytes of zero; a shorter one is 0 itself. */
  get last(): number {
    return this.low === 0 ? 0 : (((this.low >>> 24) + 1) << 24) >>> 0;
  }
}

/** Codes bits into `bytes`. Zeros follow what it wrote, and belong to it. */
export class BinaryEncoder {
  readonly #interval = new Interval();
  readonly #bytes: Uint8Array;
  /** Bytes so far; more than there are where they do not fit. */
  length = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Codes a bit that is a one with so many 4,096ths of probability. */
  put(bit: boolean, ones: number): void {
    const interval = this.#interval;
    interval.narrow(bit, interval.middle(ones));
    while (interval.hasByte) {
      this.#bytes[this.length++] = interval.high >>> 24;
      interval.shift();
    }
  }

  /** Writes what tells the interval from all others. */
  end(): void {
    const { last } = this.#interval;
    if (last !== 0) this.#bytes[this.length++] = last >>> 24;
  }
}

/** Reads the bits that an encoder coded into `bytes`. */
export class BinaryDecoder {
  readonly #interval = new Interval();
  readonly #bytes: Uint8Array;
  #read = 0;
  #number = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    for (let i = 0; i < 4; i++) this.#shift();
  }

  /** The next bit, which is a one with so many 4,096ths of probability. */
  take(ones: number): boolean {
    const interval = this.#interval;
    const middle = interval.middle(ones);
    const bit = this.#number <= middle;
    interval.narrow(bit, middle);
    while (interval.hasByte) {
      interval.shift();
      this.#shift();
    }
    return bit;
  }

  /** True if the bytes are those that an encoder of the bits so far would have written, and zeros. */
  get isWhole(): boolean {
    const { last } = this.#interval;
    const length = this.#read - 4 + (last === 0 ? 0 : 1);
    if (this.#number !== last || length > this.#bytes.length) return false;
    for (let i = this.#read; i < this.#bytes.length; i++) if (this.#bytes[i] !== 0) return false;
    return true;
  }

  #shift(): void {
    this.#number = ((this.#number << 8) | (this.#bytes[this.#read++] ?? 0)) >>> 0;
  }
}
