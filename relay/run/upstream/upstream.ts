import type { Draft } from '../../journal/entry.ts';
import type { CommittedRound, Replay } from '../../journal/replay.ts';
import type { WholeManifest } from '../../wire/frames.ts';
import { type Hash, toHex } from '../../wire/hex.ts';
import type { RelayStatus } from '../../wire/status.ts';
import type { UpstreamMixing } from '../../wire/tapestry_pb.js';
import type { RoundState } from '../round.ts';
import { type AdoptedBase, lastAdopted } from './adopted-base.ts';
import { type MixedBase, mixedBase } from './mixed-base.ts';

/** What the run's store holds, as far as an upstream run concerns it. */
export interface UpstreamStore {
  readonly replay: Pick<Replay, 'adopted' | 'committed' | 'base' | 'history' | 'complete'> & {
    readonly run: { readonly manifest: Pick<WholeManifest, 'upstream' | 'mixing' | 'initialBase'> };
  };
  /** The parameters of `reference` of the base that was adopted last. Throws `run.damaged`. */
  adoptedReference(): Promise<Float32Array<ArrayBuffer>>;
  /** A copy of the current base. */
  base(): Promise<Float32Array<ArrayBuffer>>;
  /**
   * Does work that stores bases for an entry to name. While it runs, none of them is removed, although no entry names them yet: the commit of
   * a round may begin to remove what is outdated at any moment, and a base may be one of those.
   */
  holding<Result>(work: (put: PutBase) => Promise<Result>): Promise<Result>;
}

/** Stores a base, durably; its hash. */
export type PutBase = (parameters: Float32Array<ArrayBuffer>) => Promise<Hash>;

/** A base that is to be adopted. */
interface Wanted {
  readonly draft: Draft;
  /** The rounds that this run had committed when the base was chosen. */
  readonly committed: number;
  readonly end: (isAdopted: boolean) => void;
}

/**
 * The part of a run that an upstream run concerns. Between two rounds the run adopts bases of the upstream run, each by an entry
 * of the journal. While it follows, it opens one round on each base that it adopted, so that its work reaches the upstream run
 * before it goes on. Alone, it opens round after round; so does one whose manifest has mixing.
 */
export class Upstream {
  readonly #store: UpstreamStore;
  readonly #tick: () => Promise<void>;
  readonly #mixed: (...parts: Parameters<typeof mixedBase>) => Promise<MixedBase>;
  #isFollowing = false;
  /** A base is being mixed in: no round opens before it is in the journal. */
  #isMixing = false;
  #isComplete = false;
  #wanted: Wanted | null = null;
  readonly #waiting = new Set<() => void>();

  /** `tick` makes the run look what is due. `mixed` does what `mixedBase` does, for a store whose parameters are none. */
  constructor(store: UpstreamStore, tick: () => Promise<void>, mixed = mixedBase) {
    this.#store = store;
    this.#tick = tick;
    this.#mixed = mixed;
  }

  /** Null for a run without an upstream run. */
  get status(): NonNullable<RelayStatus['base']['upstream']> | null {
    const { adopted, run } = this.#store.replay;
    const [upstream] = run.manifest.upstream;
    if (upstream === undefined) return null;
    const state = this.#isFollowing ? 'following' : 'alone';
    return { run: toHex(upstream), state, round: adopted.at(-1)?.round ?? 0 };
  }

  /** The base that was adopted last; the initial base before the first. */
  get adopted(): AdoptedBase {
    return lastAdopted(this.#store.replay);
  }

  /** The parameters of the `reference` of `adopted`. Throws `run.damaged`. */
  adoptedReference(): Promise<Float32Array<ArrayBuffer>> {
    return this.#store.adoptedReference();
  }

  /** How the run mixes in the bases of the upstream run; null if it waits for each. */
  get mixing(): UpstreamMixing | null {
    return this.#store.replay.run.manifest.mixing[0] ?? null;
  }

  /** The current base, and the number of rounds that were committed. */
  get current(): { readonly committed: number; readonly base: Hash } {
    const { committed, base } = this.#store.replay;
    return { committed, base };
  }

  /** A copy of the current base. */
  parameters(): Promise<Float32Array<ArrayBuffer>> {
    return this.#store.base();
  }

  /** The rounds that were committed after the first `from`. */
  history(from: number): readonly CommittedRound[] {
    return this.#store.replay.history.slice(from);
  }

  /** Whether the run waits for the upstream run after each of its rounds. */
  follow(isFollowing: boolean): void {
    this.#isFollowing = isFollowing;
    void this.#tick();
  }

  /**
   * Adopts the base that `round` rounds of the upstream run made, as soon as no round is open. True once it is in the journal;
   * false if the run has by then committed more than `committed` rounds, whose work the base lacks, or if the signal aborts.
   */
  async adopt(
    round: number,
    parameters: Float32Array<ArrayBuffer>,
    committed: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    return this.#store.holding(async (put) => {
      const base = await put(parameters);
      return this.#append({ kind: 'upstream-adopted', body: { round, base } }, committed, signal);
    });
  }

  /**
   * Mixes in the base that `round` rounds of the upstream run made and that holds the work up to `sent`, between two rounds; none opens
   * meanwhile. The parameters from which later work is sent up; null if the signal aborts or the run ends.
   */
  async mix(
    round: number,
    parameters: Float32Array<ArrayBuffer>,
    sent: { readonly committed: number; readonly parameters: Float32Array<ArrayBuffer> },
    signal: AbortSignal,
  ): Promise<Float32Array<ArrayBuffer> | null> {
    this.#isMixing = true;
    try {
      return await this.#store.holding(async (put) => {
        const upstream = await put(parameters);
        // Its state may have been removed since it was sent, and a verifier needs it.
        await put(sent.parameters);
        while (!signal.aborted && !this.#isComplete) {
          const { committed } = this.current;
          const own = await this.#store.base();
          const mixed = await this.#mixed(parameters, sent.parameters, own, this.mixing?.weight ?? 1);
          const [reference, base] = [await put(mixed.reference), await put(mixed.base)];
          const body = { round, upstream, through: sent.committed, reference, base };
          if (await this.#append({ kind: 'upstream-mixed', body }, committed, signal)) return mixed.reference;
        }
        return null;
      });
    } finally {
      this.#isMixing = false;
      void this.#tick();
    }
  }

  /** Has the run append a draft between two rounds; false if it commits another round before, or if the signal aborts. */
  async #append(draft: Draft, committed: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    this.#wanted?.end(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const end = (isAdopted: boolean) => {
      this.#wanted = null;
      resolve(isAdopted);
    };
    const wanted: Wanted = { draft, committed, end };
    this.#wanted = wanted;
    const abort = () => wanted === this.#wanted && end(false);
    signal.addEventListener('abort', abort, { once: true });
    void this.#tick();
    return promise.finally(() => signal.removeEventListener('abort', abort));
  }

  /**
   * Resolves once there is work to send after the first `committed` rounds: one round, with mixing as many as its `every`, or what is left
   * at the run's end. Or when the signal aborts.
   */
  async hasWork(committed: number, signal: AbortSignal): Promise<void> {
    const { replay } = this.#store;
    const { every } = this.mixing ?? { every: 1 };
    const isEnough = () => replay.committed >= committed + (replay.complete ? 1 : every);
    while (!isEnough() && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = () => resolve();
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
      await promise;
      signal.removeEventListener('abort', wake);
      this.#waiting.delete(wake);
    }
  }

  /** True if no round may open before a base is adopted. */
  get isAwaited(): boolean {
    if (this.mixing !== null) return this.#isMixing;
    return this.#isFollowing && this.#store.replay.committed > this.adopted.committed;
  }

  /** The entry that is due before another round opens. */
  next(phase: RoundState['phase']): Draft | null {
    const wanted = this.#wanted;
    if (wanted === null) return null;
    this.#isComplete ||= phase === 'complete';
    if (this.#isComplete || wanted.committed !== this.#store.replay.committed) {
      wanted.end(false);
      return null;
    }
    return phase === 'waiting' ? wanted.draft : null;
  }

  /** Takes an entry that was applied. */
  applied(entry: { readonly kind: string }): void {
    if (entry.kind === 'upstream-adopted' || entry.kind === 'upstream-mixed') this.#wanted?.end(true);
    if (entry.kind === 'round-committed' || entry.kind === 'run-complete')
      for (const wake of this.#waiting) wake();
  }
}
