import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** Elements in one segment. */
const segmentLength = 2 ** 18;

/** A typed array whose views have its own type. */
interface Numbers<Self> {
  readonly length: number;
  readonly buffer: ArrayBuffer;
  readonly byteOffset: number;
  readonly byteLength: number;
  [index: number]: number;
  set(values: ArrayLike<number>, offset?: number): void;
  subarray(start?: number, end?: number): Self;
}

/** A list of numbers that grows at its end without copying its values; an array that doubles would copy them. */
export class Segments<Values extends Numbers<Values>> {
  readonly #make: (length: number) => Values;
  readonly #segments: Values[] = [];
  #length = 0;

  /** `make` returns a typed array of zeros of the given length. */
  constructor(make: (length: number) => Values) {
    this.#make = make;
  }

  get length(): number {
    return this.#length;
  }

  /** The value at `index`; 0 past the end. */
  at(index: number): number {
    return this.#segments[Math.floor(index / segmentLength)]?.[index % segmentLength] ?? 0;
  }

  append(values: Values): void {
    for (let done = 0; done < values.length; ) {
      const place = this.#length % segmentLength;
      const count = Math.min(segmentLength - place, values.length - done);
      const whole = count === values.length;
      this.#last(place).set(whole ? values : values.subarray(done, done + count), place);
      this.#length += count;
      done += count;
    }
  }

  push(value: number): void {
    const place = this.#length % segmentLength;
    this.#last(place)[place] = value;
    this.#length++;
  }

  /** Removes the values from index `length` on. */
  truncate(length: number): void {
    this.#length = Math.min(length, this.#length);
    this.#segments.length = Math.ceil(this.#length / segmentLength);
  }

  /** Views of the values from `start` to `end`, in order. */
  *views(start = 0, end = this.#length): Generator<Values> {
    const stop = Math.min(end, this.#length);
    for (let from = start; from < stop; ) {
      const place = from % segmentLength;
      const count = Math.min(segmentLength - place, stop - from);
      const segment = this.#segments[Math.floor(from / segmentLength)];
      if (segment === undefined) return;
      yield segment.subarray(place, place + count);
      from += count;
    }
  }

  /** SHA-256 of the values' bytes, in hex. */
  hash(): string {
    const hash = sha256.create();
    for (const { buffer, byteOffset, byteLength } of this.views())
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    return bytesToHex(hash.digest());
  }

  /** The segment that the next value belongs to; `place` is the value's index in it. Adds a segment if `place` is 0. */
  #last(place: number): Values {
    const last = place === 0 ? undefined : this.#segments.at(-1);
    if (last !== undefined) return last;
    const made = this.#make(segmentLength);
    this.#segments.push(made);
    return made;
  }
}
