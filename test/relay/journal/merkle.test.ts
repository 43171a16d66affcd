import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MerkleTree, type ReadLeaves } from '../../../relay/journal/merkle.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import { CompactRange, provesConsistency, provesInclusion } from '../../../relay/wire/merkle.ts';

type Hashes = readonly Uint8Array[];

const sha256 = (...parts: readonly Uint8Array[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};
const text = (words: string) => new TextEncoder().encode(words);
const leafOf = (data: Uint8Array) => sha256(Uint8Array.of(0), data);
const leaves = Array.from({ length: 1100 }, (_, i) => leafOf(text(`entry ${i}`)));

/** MTH, PATH and PROOF exactly as RFC 6962, section 2.1, defines them. */
function split(length: number): number {
  let power = 1;
  while (power * 2 < length) power *= 2;
  return power;
}
const known = new Map<string, Uint8Array>();
function rootOf(list: Hashes): Uint8Array {
  const [only] = list;
  if (only === undefined) return sha256();
  if (list.length === 1) return only;
  const name = `${toHex(only)} ${list.length}`;
  const k = split(list.length);
  const root = known.get(name) ?? sha256(Uint8Array.of(1), rootOf(list.slice(0, k)), rootOf(list.slice(k)));
  known.set(name, root);
  return root;
}
function pathOf(index: number, list: Hashes): Hashes {
  if (list.length === 1) return [];
  const k = split(list.length);
  return index < k
    ? [...pathOf(index, list.slice(0, k)), rootOf(list.slice(k))]
    : [...pathOf(index - k, list.slice(k)), rootOf(list.slice(0, k))];
}
function proofOf(from: number, list: Hashes, whole: boolean): Hashes {
  if (from === list.length) return whole ? [] : [rootOf(list)];
  const k = split(list.length);
  return from <= k
    ? [...proofOf(from, list.slice(0, k), whole), rootOf(list.slice(k))]
    : [...proofOf(from - k, list.slice(k), false), rootOf(list.slice(0, k))];
}

function treeOf(size: number): { tree: MerkleTree; read: ReadLeaves; reads: () => number } {
  const tree = new MerkleTree();
  for (const leaf of leaves.slice(0, size)) tree.append(leaf);
  let reads = 0;
  const read: ReadLeaves = async (start, end) => {
    reads += end - start;
    return leaves.slice(start, end);
  };
  return { tree, read, reads: () => reads };
}

/** Sizes, often close to the border of a tile. */
const size = fc.oneof(
  fc.integer({ min: 1, max: 1100 }),
  fc.constantFrom(1, 2, 255, 256, 257, 512, 513, 1024),
);

test('the roots of small trees are those of the RFC’s definition', () => {
  const range = new CompactRange();
  const [a = new Uint8Array(), b = new Uint8Array(), c = new Uint8Array()] = leaves;
  expect(toHex(range.root)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  range.append(leafOf(new Uint8Array(0)));
  expect(toHex(range.root)).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  const three = new CompactRange();
  for (const leaf of [a, b, c]) three.append(leaf);
  expect(three.root).toEqual(sha256(Uint8Array.of(1), sha256(Uint8Array.of(1), a, b), c));
});

test('a tree that grows leaf by leaf has the root of the definition at every size', () => {
  const { tree } = treeOf(0);
  for (const [i, leaf] of leaves.slice(0, 600).entries()) {
    tree.append(leaf);
    expect(tree.root).toEqual(rootOf(leaves.slice(0, i + 1)));
  }
});

test('every inclusion proof is the RFC’s, verifies, and verifies nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(size, fc.nat(), fc.nat(), async (size, at, changed) => {
      const index = at % size;
      const { tree, read } = treeOf(Math.min(1100, size + (changed % 300)));
      const proof = await tree.inclusionProof(index, size, read);
      const root = rootOf(leaves.slice(0, size));
      const leaf = leaves[index] ?? new Uint8Array();
      expect(proof).toEqual(pathOf(index, leaves.slice(0, size)));
      expect(provesInclusion(index, size, leaf, proof, root)).toBe(true);
      expect(provesInclusion(index, size, leafOf(text('other')), proof, root)).toBe(false);
      expect(provesInclusion(size, size, leaf, proof, root)).toBe(false);
      expect(provesInclusion(index, size, leaf, [...proof, root], root)).toBe(false);
      expect(provesInclusion(index, size, leaf, proof.slice(1), root)).toBe(size === 1);
      const wrong = flipped(proof, changed);
      if (wrong !== null) expect(provesInclusion(index, size, leaf, wrong, root)).toBe(false);
    }),
    { numRuns: 150 },
  );
});

test('every consistency proof is the RFC’s, verifies, and verifies nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(size, size, fc.nat(), async (one, other, changed) => {
      const from = Math.min(one, other);
      const to = Math.max(one, other);
      const { tree, read, reads } = treeOf(Math.min(1100, to + (changed % 300)));
      const proof = await tree.consistencyProof(from, to, read);
      expect(reads()).toBeLessThan(3 * 256);
      expect(proof).toEqual(proofOf(from, leaves.slice(0, to), true));
      const [older, newer] = [from, to].map((size) => ({ size, root: rootOf(leaves.slice(0, size)) }));
      if (older === undefined || newer === undefined) throw new Error('no heads');
      expect(provesConsistency(older, newer, proof)).toBe(true);
      expect(provesConsistency(newer, older, proof)).toBe(from === to);
      expect(provesConsistency({ ...older, root: leafOf(text('other')) }, newer, proof)).toBe(false);
      expect(provesConsistency(older, { ...newer, root: leafOf(text('other')) }, proof)).toBe(false);
      expect(provesConsistency(older, newer, [...proof, newer.root])).toBe(false);
      const wrong = flipped(proof, changed);
      if (wrong !== null) expect(provesConsistency(older, newer, wrong)).toBe(false);
    }),
    { numRuns: 150 },
  );
});

test('no proof is needed from the empty tree, and proofs past the end are refused', async () => {
  const { tree, read } = treeOf(5);
  const head = { size: 5, root: tree.root };
  expect(provesConsistency({ size: 0, root: sha256() }, head, [])).toBe(true);
  expect(provesConsistency({ size: 0, root: tree.root }, head, [])).toBe(false);
  for (const [from, to] of [
    [0, 5],
    [6, 5],
    [2, 6],
  ] as const) {
    await expect(tree.consistencyProof(from, to, read)).rejects.toThrow(RangeError);
  }
  await expect(tree.inclusionProof(5, 5, read)).rejects.toThrow(RangeError);
});

/** A proof with one bit of one hash changed; null for a proof of no hashes. */
function flipped(proof: Hashes, at: number): Hashes | null {
  if (proof.length === 0) return null;
  return proof.map((hash, i) =>
    i === at % proof.length ? hash.map((byte, j) => byte ^ +(j === at % 32)) : hash,
  );
}
