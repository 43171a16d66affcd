import { create } from '@bufbuild/protobuf';
import type { mixedBase } from '../../../../relay/run/upstream/mixed-base.ts';
import type { UpstreamStore } from '../../../../relay/run/upstream/upstream.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import { type UpstreamMixing, UpstreamMixingSchema } from '../../../../relay/wire/tapestry_pb.js';
import type { JournalState } from '../relay/journal.ts';
import type { UpstreamPart } from '../relay/round-options.ts';
import type { Machines } from '../world/machines.ts';
import { baseHash, firstBase, type VirtualBase } from '../world/virtual-base.ts';

/** The bases on the disk of a relay below an upstream relay. They survive its processes. */
export class NationalBases {
  readonly #mixing: readonly UpstreamMixing[];

  readonly #bases = new Map<Hash, VirtualBase>([[baseHash(firstBase), firstBase]]);

  /** `every`: how a run that does not wait sends its work up; null for one that waits. */
  constructor(every: number | null) {
    this.#mixing = every === null ? [] : [create(UpstreamMixingSchema, { every, weight: 1 })];
  }

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
        run: {
          manifest: {
            upstream: [new Uint8Array(32)],
            mixing: [...this.#mixing],
            initialBase: new Uint8Array(32),
          },
        },
        history: [],
        get complete() {
          return replay.complete;
        },
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
      adoptedReference: async () => this.referenceOf(replay),
      base: async () => parametersOf(replay.base),
      holding: (work) => work(async (parameters) => this.put(baseOf(parameters))),
    };
    const ticks = async () => {
      try {
        tick();
      } catch (error) {
        failed(error);
      }
    };
    const machine = new Upstream(store, ticks, mixedSums);
    return { machine, baseOf: (hash) => this.of(hash), reference: () => this.referenceOf(replay) };
  }

  /** The parameters from which a run's later work is sent up. */
  referenceOf({ adopted }: Pick<JournalState, 'adopted'>): Float32Array<ArrayBuffer> {
    return parametersOf(this.of(adopted.at(-1)?.reference ?? baseHash(firstBase)));
  }
}

/** A virtual base in the place of parameters: its three integers, bit for bit. */
export function parametersOf({ round, sum, squares }: VirtualBase): Float32Array<ArrayBuffer> {
  return new Float32Array(new Int32Array([round, sum, squares]).buffer);
}

/** What `mixedBase` does with parameters and the weight 1, on the sums of virtual bases: the upstream base with the work that is not in it. */
async function mixedSums(
  ...[upstream, sent, current]: Parameters<typeof mixedBase>
): ReturnType<typeof mixedBase> {
  const [reference, own, now] = [baseOf(upstream), baseOf(sent), baseOf(current)];
  const base = {
    round: now.round,
    sum: (reference.sum + now.sum - own.sum) | 0,
    squares: (reference.squares + now.squares - own.squares) | 0,
  };
  return { reference: parametersOf(reference), base: parametersOf(base) };
}

function baseOf(parameters: Float32Array<ArrayBuffer>): VirtualBase {
  const [round = 0, sum = 0, squares = 0] = new Int32Array(parameters.buffer);
  return { round, sum, squares };
}
