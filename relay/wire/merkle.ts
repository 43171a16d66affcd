import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes } from '@noble/hashes/utils.js';

/**
 * The Merkle tree of RFC 6962, section 2.1, as a reader needs it: hashes, the root of a growing list, and proofs. A leaf
 * is the hash of a journal entry (relay/journal/entry.ts), which begins with 0x00 as the RFC asks. All hashes are
 * SHA-256, 32 bytes.
 */

/** The length of a hash. */
export const hashBytes = 32;

const nodePrefix = new Uint8Array([1]);

/** The root of a tree without leaves: SHA-256 of zero bytes. */
export const emptyRoot: Uint8Array = sha256(new Uint8Array(0));

/** SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(nodePrefix, left, right));
}

/**
 * The roots of the complete subtrees of a list of leaves, widest first: one for each bit that is set in its length. They
 * suffice to append leaves and to compute the root, so the memory is O(log leaves).
 */
export class CompactRange {
  readonly #roots: Uint8Array[] = [];
  #size = 0;

  /** Leaves so far. */
  get size(): number {
    return this.#size;
  }

  /** Appends a leaf. Calls `completed` for each subtree of 2^level leaves that this leaf completes, smallest first. */
  append(leaf: Uint8Array, completed?: (level: number, root: Uint8Array) => void): void {
    let root = leaf;
    let level = 0;
    completed?.(level, root);
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      root = nodeHash(this.#roots.pop() ?? emptyRoot, root);
      completed?.(++level, root);
    }
    this.#roots.push(root);
    this.#size++;
  }

  /** The tree's root. */
  get root(): Uint8Array {
    let root: Uint8Array | null = null;
    for (const left of this.#roots.toReversed()) root = root === null ? left : nodeHash(left, root);
    return root ?? emptyRoot;
  }
}

/** Whether `proof` shows that `leaf` is at `index` of the `size` leaves whose root is `root` (RFC 9162, 2.1.3.2). */
export function provesInclusion(
  index: number,
  size: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  const roots = rootsOfPath(index, size, leaf, proof);
  return roots !== null && same(roots.root, root);
}

/** The roots that an inclusion proof leads to. */
export interface PathRoots {
  /** The root of the whole tree. */
  readonly root: Uint8Array;
  /** The root of the leaves before the proof's leaf: its left siblings are that tree's complete subtrees. */
  readonly before: Uint8Array;
}

/** Computes the roots from the proof of `leaf` at `index` of `size` leaves; null if the proof has another length. */
export function rootsOfPath(
  index: number,
  size: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
): PathRoots | null {
  if (index < 0 || index >= size) return null;
  let root = leaf;
  let before: Uint8Array | null = null;
  let at = index;
  let last = size - 1;
  for (const sibling of proof) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      root = nodeHash(sibling, root);
      before = before === null ? sibling : nodeHash(sibling, before);
      while (at % 2 === 0 && at > 0) [at, last] = [half(at), half(last)];
    } else {
      root = nodeHash(root, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 ? { root, before: before ?? emptyRoot } : null;
}

/** A tree's size and root. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/**
 * Whether `proof` shows that the leaves of `from` are the first leaves of `to` (RFC 9162, 2.1.4.2). From the
 * empty tree, or from a tree to itself, no proof is needed.
 */
export function provesConsistency(from: TreeHead, to: TreeHead, proof: readonly Uint8Array[]): boolean {
  if (from.size > to.size) return false;
  if (from.size === to.size) return proof.length === 0 && same(from.root, to.root);
  if (from.size === 0) return proof.length === 0 && same(from.root, emptyRoot);
  let at = from.size - 1;
  let last = to.size - 1;
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  // A whole power of two is itself the first hash, and the proof leaves it out.
  const [first, ...rest] = at === 0 ? [from.root, ...proof] : proof;
  if (first === undefined) return false;
  let older = first;
  let newer = first;
  for (const hash of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      older = nodeHash(hash, older);
      newer = nodeHash(hash, newer);
      while (at % 2 === 0 && at > 0) [at, last] = [half(at), half(last)];
    } else {
      newer = nodeHash(newer, hash);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && same(older, from.root) && same(newer, to.root);
}

/** Shifts by one bit; sizes may be past 2^31, where `>>` wraps. */
function half(value: number): number {
  return Math.floor(value / 2);
}

/** Whether two hashes are equal. They are public, so the time may depend on them. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
