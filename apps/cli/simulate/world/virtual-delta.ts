import { Random } from '../../../../client/random.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import { fingerprint } from './virtual-base.ts';

/**
 * What a node sends: `honest` work; as a `twin` the same delta as all other twins of the round; as a `spoiler` one that makes the base
 * worse; as a `boaster` few steps that it claims to be many, of a delta that is too short.
 */
export type Character = 'honest' | 'twin' | 'spoiler' | 'boaster';

/** The facts of a delta that the relay measures. */
export interface VirtualDelta {
  readonly norm: number;
  readonly sketch: Float64Array;
}

/** Numbers of a sketch: two that are drawn apart are never alike. */
const numbers = 64;

/** The loss of the base less a round's mean; nats a token. */
const loss = 2;

/** The deltas of a world in which each node has a character. A payload is `<node>.<count>`, or names a round and attempt after that. */
export class VirtualDeltas {
  readonly #characters: readonly Character[];

  constructor(characters: readonly Character[]) {
    this.#characters = characters;
  }

  character(node: number): Character {
    return this.#characters[node] ?? 'honest';
  }

  of(payload: Hash): VirtualDelta {
    const character = this.character(nodeOf(payload));
    const name = character === 'twin' ? `twins of ${roundOf(payload)}` : payload;
    const random = Random.seeded(fingerprint(name) >>> 1);
    const sketch = Float64Array.from({ length: numbers }, () => random.normal());
    // Twins are scaled, which hides no copy.
    const scale = character === 'twin' ? 1 + nodeOf(payload) : 1;
    const norm = character === 'boaster' ? 0.01 : 1 + random.uniform() / 10;
    return { norm, sketch: sketch.map((value) => scale * value) };
  }

  /** The losses with all contributions and without this one, as whoever measures them exactly finds. Each is a float32. */
  losses(payload: Hash): { readonly after: number; readonly before: number } {
    const part = 1 + Random.seeded(fingerprint(payload) >>> 1, 1).uniform();
    const worth = this.character(nodeOf(payload)) === 'spoiler' ? -part : part / 10;
    return { after: loss, before: Math.fround(loss + worth) };
  }
}

/** The payload that a node makes for a round. */
export function payloadOf(node: number, count: number, round: number): Hash {
  return `${node}.${count} of ${round}`;
}

function nodeOf(payload: Hash): number {
  return Number(payload.split('.', 1)[0]);
}

function roundOf(payload: Hash): number {
  return Number(payload.split(' of ')[1]);
}
