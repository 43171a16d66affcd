import { digestOf } from '../../storage/sha256.ts';
import { fromHex, type Hash } from '../../wire/hex.ts';
import { nextTurn } from '../next-turn.ts';

/**
 * Sketches of deltas: few numbers each, whose dot products estimate those of the deltas without bias (a projection on
 * blocks of random signs; compare the sketch of Charikar et al. 2002). The values of a delta are multiplied by signs and
 * added up, block by block.
 *
 * The signs come from the payloads of the round, so nobody knows them before the round is closed. With signs that a node
 * knows, it could send a delta that points against the others while its sketch points with them.
 */

/** Numbers of a sketch: this many for few parts. An estimated cosine then errs by about 1/64. */
const mostNumbers = 4096;
const leastNumbers = 256;
/** Of all parts together: many parts have shorter sketches, whose errors cancel out over more pairs. */
const numbersInAll = 2 ** 18;

/** Digests between two turns of the event loop: a few milliseconds of work. */
const digestsATurn = 2 ** 10;

/** Values of a block: a sketch has a number for each block of a tensor, of which the last may be shorter. */
export function blockWidth(parameters: number, parts: number): number {
  const numbers = Math.max(leastNumbers, Math.min(mostNumbers, Math.floor(numbersInAll / parts)));
  return Math.ceil(parameters / numbers);
}

/** The seed of a round, which nobody knows before its last payload is there: SHA-256 of the payloads' hashes in ascending order. */
export function roundSeed(payloads: readonly Hash[]): Uint8Array {
  return digestOf(...[...payloads].sort().map(fromHex));
}

/**
 * A sign for each of `count` values, as bits; 1 means -1. The bytes are SHA-256(seed || 0), SHA-256(seed || 1) and so on
 * (counters as u32 LE); the sign of value i is bit i mod 8, from the lowest, of byte floor(i / 8). `seed` is the round's.
 */
export async function signsOf(payloads: readonly Hash[], count: number): Promise<Uint8Array> {
  const seed = roundSeed(payloads);
  const bytes = new Uint8Array(Math.ceil(count / 256) * 32);
  const counter = new DataView(new ArrayBuffer(4));
  for (let i = 0; i * 32 < bytes.length; i++) {
    if (i % digestsATurn === digestsATurn - 1) await nextTurn();
    counter.setUint32(0, i, true);
    bytes.set(digestOf(seed, new Uint8Array(counter.buffer)), i * 32);
  }
  return bytes;
}
