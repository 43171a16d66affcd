import { TapestryError } from '../../errors.ts';
import { retryDelay } from '../../retry-delay.ts';
import type { Runtime } from '../../runtime.ts';
import type { ContributorEvent } from '../events.ts';
import type { RunTerms } from '../run-terms.ts';
import type { Round } from '../session/state.ts';
import type { NodeStore } from './node-store.ts';

/** Delays between attempts to load a base while its round is trained. */
const backoff = { firstMilliseconds: 1000, lastMilliseconds: 60_000 } as const;

type Vector = Float32Array<ArrayBuffer>;

/** Loads the bases of a run's rounds, and tells of each. */
export class BaseArrival {
  readonly #runtime: Pick<Runtime, 'now' | 'sleep'>;
  readonly #store: NodeStore;
  readonly #terms: RunTerms;
  readonly #tell: (event: ContributorEvent) => void;

  constructor(
    runtime: Pick<Runtime, 'now' | 'sleep'>,
    store: NodeStore,
    terms: RunTerms,
    tell: (event: ContributorEvent) => void,
  ) {
    this.#runtime = runtime;
    this.#store = store;
    this.#terms = terms;
    this.#tell = tell;
  }

  /**
   * The round's base, from the relay where this node has it not.
   * @throws TapestryError `relay.*`
   */
  async load({ round, base }: Pick<Round, 'round' | 'base'>, signal: AbortSignal): Promise<Vector> {
    const startedAt = this.#runtime.now();
    const { parameters, fetched } = await this.#store.base(this.#terms, { round, base }, signal);
    const milliseconds = Math.round(this.#runtime.now() - startedAt);
    this.#tell({ event: 'synced', round, base, bytes: fetched, milliseconds });
    return parameters;
  }

  /** The base of a round that this node has. */
  async held(round: Pick<Round, 'round' | 'base'>, signal: AbortSignal): Promise<Vector> {
    const { parameters } = await this.#store.base(this.#terms, round, signal);
    return parameters;
  }

  /** The base of a round that is trained meanwhile: a relay that does not answer delays only its contribution. */
  async arrived(round: Round, signal: AbortSignal): Promise<Vector> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.load(round, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof TapestryError && error.code.startsWith('relay.'))) throw error;
      }
      await this.#runtime.sleep(retryDelay(backoff, attempt, 0), signal);
      signal.throwIfAborted();
    }
  }
}
