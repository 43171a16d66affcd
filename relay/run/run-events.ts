import { TapestryError } from '../../client/errors.ts';
import { type Entry, lossOf } from '../journal/entry.ts';
import type { Hash, NodeKey } from '../wire/hex.ts';
import type { Fate } from './influence/fates.ts';

/** An event of a run. */
export type RunEvent =
  | { readonly type: 'opened'; readonly round: number; readonly attempt: number; readonly base: Hash }
  | {
      readonly type: 'committed';
      readonly round: number;
      readonly base: Hash;
      /** Hashes of the base and of the outer optimizer's vectors. */
      readonly state: readonly Hash[];
      readonly contributions: number;
      readonly tokens: number;
      /** What became of each node's contribution. */
      readonly fates: ReadonlyMap<NodeKey, Fate>;
    }
  /** `loss`: that of the base which the guard did not allow; null for a round with too few contributions. */
  | { readonly type: 'abandoned'; readonly round: number; readonly loss: number | null }
  /** The open round takes no more contributions, and its base is not made yet. */
  | { readonly type: 'closed' }
  /** The open round has a new plan: see `CurrentRound.plan`. */
  | { readonly type: 'planned' }
  /** The presenter removed a node. */
  | { readonly type: 'removed'; readonly node: NodeKey }
  /** The presenter started, paused, extended or ended. */
  | { readonly type: 'presented' }
  | { readonly type: 'complete' }
  /** A write failed. It is retried; nothing acknowledged is lost. */
  | { readonly type: 'trouble'; readonly error: TapestryError };

/** The event of an entry that was applied; `fates` are those of the round that is committed. Null for an entry without one. */
export function eventOf(entry: Entry, fates: ReadonlyMap<NodeKey, Fate>): RunEvent | null {
  switch (entry.kind) {
    case 'round-opened':
      return { type: 'opened', ...entry.body };
    case 'round-closed':
      return { type: 'closed' };
    case 'round-committed': {
      const { round, state, contributions, tokens } = entry.body;
      const [base = ''] = state;
      return { type: 'committed', round, base, state, contributions, tokens, fates };
    }
    case 'round-abandoned': {
      const { round, loss } = entry.body;
      return { type: 'abandoned', round, loss: loss === null ? null : lossOf(loss) };
    }
    case 'presented':
      return entry.body.node === null ? { type: 'presented' } : { type: 'removed', node: entry.body.node };
    case 'run-complete':
      return { type: 'complete' };
    default:
      return null;
  }
}

/** The event of an error, which is a fault of the relay unless it has a code. */
export function troubleOf(cause: unknown): RunEvent {
  const text = `a fault of the relay: ${cause}`;
  const error =
    cause instanceof TapestryError
      ? cause
      : new TapestryError('relay.fault', text, 'Report the bug with the log.', { cause });
  return { type: 'trouble', error };
}

export interface CurrentRound {
  /** From 1; after the last round it remains the manifest's `rounds`. */
  readonly round: number;
  /** How often the round was opened; the number of the open attempt, from 1. */
  readonly attempt: number;
  readonly base: Hash;
  /** The greatest L2 norm of a delta. */
  readonly normBound: number;
  readonly phase: 'waiting' | 'training' | 'grace' | 'complete';
  readonly contributions: number;
  /** Why no other round opens: the presenter has not started yet, or pauses. Null while rounds open, and without a presenter. */
  readonly hold: 'lobby' | 'paused' | null;
  /** Nodes that are connected or have contributed. */
  readonly expected: number;
  /** Milliseconds since 1970; null unless a round is open. */
  readonly openedAt: number | null;
  /** Milliseconds until the deadline; null unless a round is open. */
  readonly remainingMs: number | null;
  /** Null unless a timed round is planned: milliseconds of training that are left and that were planned, and of grace. */
  readonly plan: { readonly workMs: number; readonly plannedMs: number; readonly graceMs: number } | null;
}

/** The longest queue of a reader; a reader that is slower loses the oldest events. */
const mostQueued = 1024;

/** Hands events to any number of readers. */
export class RunEvents {
  readonly #readers = new Set<(event: RunEvent | null) => void>();

  emit(event: RunEvent): void {
    for (const take of this.#readers) take(event);
  }

  /** The events from this call on, until `signal` aborts or the run closes. */
  read(signal: AbortSignal): AsyncIterable<RunEvent> {
    const queue: (RunEvent | null)[] = [];
    let wake = () => {};
    const take = (event: RunEvent | null) => {
      if (queue.push(event) > mostQueued) queue.shift();
      wake();
    };
    const end = () => take(null);
    this.#readers.add(take);
    signal.addEventListener('abort', end);
    const readers = this.#readers;
    return {
      async *[Symbol.asyncIterator]() {
        try {
          while (!signal.aborted) {
            const event = queue.shift();
            if (event === null) return;
            if (event !== undefined) yield event;
            else
              await new Promise<void>((resolve) => {
                wake = resolve;
              });
          }
        } finally {
          readers.delete(take);
          signal.removeEventListener('abort', end);
        }
      },
    };
  }

  /** Ends every reader once it has read the events that are queued for it. */
  close(): void {
    for (const take of this.#readers) take(null);
    this.#readers.clear();
  }
}
