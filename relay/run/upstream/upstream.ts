import type { Draft } from '../../journal/entry.ts';
import type { AdoptedBase, CommittedRound, Replay } from '../../journal/replay.ts';
import type { WholeManifest } from '../../wire/frames.ts';
import { type Hash, toHex } from '../../wire/hex.ts';
import type { RelayStatus } from '../../wire/status.ts';
import type { RoundState } from '../round.ts';

/** What the run's store holds, as far as an upstream run concerns it. */
export interface UpstreamStore {
  readonly replay: Pick<Replay, 'adopted' | 'committed' | 'base' | 'history'> & {
    readonly run: { readonly manifest: Pick<WholeManifest, 'upstream' | 'initialBase'> };
  };
  /** The parameters of the base that was adopted last. Throws `run.damaged`. */
  adoptedBase(): Promise<Float32Array<ArrayBuffer>>;
  /** A copy of the current base. */
  base(): Promise<Float32Array<ArrayBuffer>>;
  /** Stores a base, durably; its hash. */
  putBase(parameters: Float32Array<ArrayBuffer>): Promise<Hash>;
}

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
 * before it goes on. Alone, it opens round after round.
 */
export class Upstream {
  readonly #store: UpstreamStore;
  readonly #tick: () => Promise<void>;
  #isFollowing = false;
  #wanted: Wanted | null = null;
  readonly #waiting = new Set<() => void>();

  /** `tick` makes the run look what is due. */
  constructor(store: UpstreamStore, tick: () => Promise<void>) {
    this.#store = store;
    this.#tick = tick;
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
    const { adopted, run } = this.#store.replay;
    return adopted.at(-1) ?? { committed: 0, round: 0, base: toHex(run.manifest.initialBase) };
  }

  /** The parameters of `adopted`. Throws `run.damaged`. */
  adoptedParameters(): Promise<Float32Array<ArrayBuffer>> {
    return this.#store.adoptedBase();
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
    const base = await this.#store.putBase(parameters);
    if (signal.aborted) return false;
    this.#wanted?.end(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const end = (isAdopted: boolean) => {
      this.#wanted = null;
      resolve(isAdopted);
    };
    const wanted = { draft: { kind: 'upstream-adopted', body: { round, base } }, committed, end } as const;
    this.#wanted = wanted;
    const abort = () => wanted === this.#wanted && end(false);
    signal.addEventListener('abort', abort, { once: true });
    void this.#tick();
    return promise.finally(() => signal.removeEventListener('abort', abort));
  }

  /** Resolves once more than `committed` rounds are committed, or when the signal aborts. */
  async hasCommitted(committed: number, signal: AbortSignal): Promise<void> {
    while (this.#store.replay.committed <= committed && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      this.#waiting.delete(resolve);
    }
  }

  /** True if no round may open before a base is adopted. */
  get isAwaited(): boolean {
    return this.#isFollowing && this.#store.replay.committed > this.adopted.committed;
  }

  /** The entry that is due before another round opens. */
  next(phase: RoundState['phase']): Draft | null {
    const wanted = this.#wanted;
    if (wanted === null) return null;
    if (phase === 'complete' || wanted.committed !== this.#store.replay.committed) {
      wanted.end(false);
      return null;
    }
    return phase === 'waiting' ? wanted.draft : null;
  }

  /** Takes an entry that was applied. */
  applied(entry: { readonly kind: string }): void {
    if (entry.kind === 'upstream-adopted') this.#wanted?.end(true);
    if (entry.kind === 'round-committed') for (const wake of this.#waiting) wake();
  }
}
