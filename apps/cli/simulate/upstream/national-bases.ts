import type { UpstreamStore } from '../../../../relay/run/upstream/upstream.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import type { JournalState } from '../relay/journal.ts';
import type { UpstreamPart } from '../relay/rounds.ts';
import type { Machines } from '../world/machines.ts';
import { baseHash, firstBase, type VirtualBase } from '../world/virtual-base.ts';

/** The bases on the disk of a relay below an upstream relay. They survive its processes. */
export class NationalBases {
  readonly #bases = new Map<Hash, VirtualBase>([[baseHash(firstBase), firstBase]]);

  of(hash: Hash): VirtualBase {
    const base = this.#bases.get(hash);
    if (base === undefined) throw new RangeError(`no base ${hash} was stored`);
    return base;
  }

  put(base: VirtualBase): Hash {
    const hash = baseHash(base);
    this.#bases.set(hash, base);
    return hash;
  }

  /** The real machine of the run's part in an upstream run, for a process that has read its journal. */
  upstreamOf(
    { Upstream }: Machines,
    replay: JournalState,
    tick: () => void,
    failed: (error: unknown) => void,
  ): UpstreamPart {
    const store: UpstreamStore = {
      replay: {
        run: { manifest: { upstream: [new Uint8Array(32)], initialBase: new Uint8Array(32) } },
        history: [],
        get adopted() {
          return replay.adopted;
        },
        get committed() {
          return replay.committed;
        },
        get base() {
          return baseHash(replay.base);
        },
      },
      adoptedBase: async () => parametersOf(this.of(replay.adopted.at(-1)?.base ?? baseHash(firstBase))),
      base: async () => parametersOf(replay.base),
      putBase: async (parameters) => this.put(baseOf(parameters)),
    };
    const machine = new Upstream(store, async () => {
      try {
        tick();
      } catch (error) {
        failed(error);
      }
    });
    return { machine, baseOf: (hash) => this.of(hash) };
  }
}

/** A virtual base in the place of parameters: its three integers, bit for bit. */
export function parametersOf({ round, sum, squares }: VirtualBase): Float32Array<ArrayBuffer> {
  return new Float32Array(new Int32Array([round, sum, squares]).buffer);
}

function baseOf(parameters: Float32Array<ArrayBuffer>): VirtualBase {
  const [round = 0, sum = 0, squares = 0] = new Int32Array(parameters.buffer);
  return { round, sum, squares };
}
