import { CompactRange, nodeHash } from '../wire/merkle.ts';

/** Subtrees of 2^tileLevel leaves and more are kept, one hash each: 1/4 byte an entry. Smaller ones are read again. */
const tileLevel = 8;
const tileLeaves = 2 ** tileLevel;

/** Reads the leaves from `start` to before `end`: the hashes of the journal's entries `start + 1` to `end`. */
export type ReadLeaves = (start: number, end: number) => Promise<readonly Uint8Array[]>;

/**
 * The Merkle tree over the journal's entries: appending and the root need O(log entries); proofs read at most a few
 * hundred entries again, and 64 bytes are kept for every 256 entries.
 */
export class MerkleTree {
  readonly #range = new CompactRange();
  /** By level above `tileLevel`: the complete subtrees' roots, in order. */
  readonly #tiles: Uint8Array[][] = [];

  get size(): number {
    return this.#range.size;
  }

  get root(): Uint8Array {
    return this.#range.root;
  }

  append(leaf: Uint8Array): void {
    this.#range.append(leaf, (level, root) => {
      if (level < tileLevel) return;
      this.#tiles[level - tileLevel] ??= [];
      this.#tiles[level - tileLevel]?.push(root);
    });
  }

  /**
   * PATH of RFC 6962, 2.1.1: the proof that the leaf at `index` is among the first `size`. Throws RangeError unless
   * index < size <= this.size.
   */
  async inclusionProof(index: number, size: number, read: ReadLeaves): Promise<Uint8Array[]> {
    this.#mustHold(index + 1, size);
    return this.#path(index, 0, size, read);
  }

  /**
   * PROOF of RFC 6962, 2.1.2: the proof that the first `to` leaves begin with the first `from`. Throws RangeError
   * unless 0 < from <= to <= this.size.
   */
  async consistencyProof(from: number, to: number, read: ReadLeaves): Promise<Uint8Array[]> {
    this.#mustHold(from, to);
    return from === to ? [] : this.#subproof(from, 0, to, true, read);
  }

  #mustHold(from: number, to: number): void {
    const holds = Number.isSafeInteger(from) && from >= 1 && from <= to && to <= this.size;
    if (!holds) throw new RangeError(`a tree of ${this.size} leaves has no proof from ${from} to ${to}`);
  }

  async #path(index: number, start: number, end: number, read: ReadLeaves): Promise<Uint8Array[]> {
    if (end - start === 1) return [];
    const middle = start + largestPowerBelow(end - start);
    const left = index < middle;
    const [inside, beside] = left
      ? [await this.#path(index, start, middle, read), await this.#hash(middle, end, read)]
      : [await this.#path(index, middle, end, read), await this.#hash(start, middle, read)];
    return [...inside, beside];
  }

  async #subproof(
    from: number,
    start: number,
    end: number,
    known: boolean,
    read: ReadLeaves,
  ): Promise<Uint8Array[]> {
    if (from === end) return known ? [] : [await this.#hash(start, end, read)];
    const middle = start + largestPowerBelow(end - start);
    const [inside, beside] =
      from <= middle
        ? [await this.#subproof(from, start, middle, known, read), await this.#hash(middle, end, read)]
        : [await this.#subproof(from, middle, end, false, read), await this.#hash(start, middle, read)];
    return [...inside, beside];
  }

  /** The root of the leaves from `start` to before `end`, a range that a split of the tree gives. */
  async #hash(start: number, end: number, read: ReadLeaves): Promise<Uint8Array> {
    const length = end - start;
    if (length < tileLeaves) {
      const range = new CompactRange();
      for (const leaf of await read(start, end)) range.append(leaf);
      if (range.size !== length) throw new Error(`the journal has no entries ${start + 1} to ${end}`);
      return range.root;
    }
    const level = Math.log2(length);
    const kept = Number.isInteger(level) ? this.#tiles[level - tileLevel]?.[start / length] : undefined;
    if (kept !== undefined) return kept;
    const middle = start + largestPowerBelow(length);
    return nodeHash(await this.#hash(start, middle, read), await this.#hash(middle, end, read));
  }
}

/** The largest power of two that is less than `size`, which is at least 2. */
function largestPowerBelow(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1));
}
