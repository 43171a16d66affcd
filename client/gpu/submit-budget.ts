/**
 * The longest intended submit, so that pages stay responsive; Windows kills work of 2 s. A single dispatch that takes longer
 * cannot be split and gets its own submit.
 */
export const submitMilliseconds = 100;

/**
 * Bytes per millisecond that every graphics card is assumed to process before it is measured. A matrix product does up to a few
 * hundred operations on each byte; this is the rate of a slow card.
 */
const unmeasuredBytes = 1e6;

/** Completions that are reported within this time of each other were reported late, and are measured together. */
const togetherMilliseconds = 1;

/** The end of a submit that no program reaches. */
const never = 0xffffffff;

/** Largest factor by which one measurement may lower an estimate: after a late report, the next submits look too cheap. */
const largestFall = 4;

/** After this many measured runs, splits that were too long are tried again: the card may have been busy with other work. */
const runsRemembered = 64;

/** When the submits of one run ended. */
export interface SubmitTimes {
  readonly from: number;
  /** The result of `split`. */
  readonly ends: readonly number[];
  /** When the queue reached the run, and when each submit was done. */
  readonly startedAt: number;
  readonly doneAt: readonly number[];
}

/**
 * Splits a program's dispatches into as few submits as stay under the budget. The time of a dispatch is first estimated, from
 * below, by the bytes bound to it, then learned from measured submits. A measurement gives only the sum over a submit's
 * dispatches, so that estimates could repeatedly give submits that are too long: those that were too long are not repeated.
 */
export class SubmitBudget {
  /** Estimated milliseconds of each dispatch. */
  readonly #costs: Float64Array;
  /** For each dispatch, the end of the shortest submit that starts there and was too long. */
  readonly #tooLong: Uint32Array;
  #runs = 0;

  /** `bytes`: the total size of the bindings of each dispatch. */
  constructor(bytes: readonly number[]) {
    this.#costs = Float64Array.from(bytes, (each) => each / unmeasuredBytes);
    this.#tooLong = new Uint32Array(bytes.length).fill(never);
  }

  /** The end of each submit of the dispatches `from` to `to`; the last is `to`. */
  split(from: number, to: number): number[] {
    const ends: number[] = [];
    let sum = 0;
    let known = never;
    for (let dispatch = from; dispatch < to; dispatch++) {
      const cost = this.#costs[dispatch] ?? 0;
      if (sum > 0 && (sum + cost > submitMilliseconds || dispatch + 1 >= known)) {
        ends.push(dispatch);
        sum = 0;
        known = never;
      }
      sum += cost;
      known = Math.min(known, this.#tooLong[dispatch] ?? never);
    }
    ends.push(to);
    return ends;
  }

  /** Updates the estimates from the times of a run. */
  measured({ from, ends, startedAt, doneAt }: SubmitTimes): void {
    if (++this.#runs % runsRemembered === 0) this.#tooLong.fill(never);
    let [first, before] = [from, startedAt];
    ends.forEach((end, submit) => {
      const at = doneAt[submit] ?? before;
      const next = doneAt[submit + 1];
      if (next !== undefined && next - at < togetherMilliseconds) return;
      const milliseconds = Math.max(at - before, 0);
      this.#scale(first, end, milliseconds);
      // Only submits that were measured alone: of several measured together, some may be short.
      const single = first === (ends[submit - 1] ?? from);
      if (single && end - first > 1 && milliseconds > submitMilliseconds)
        this.#tooLong[first] = Math.min(end, this.#tooLong[first] ?? never);
      [first, before] = [end, at];
    });
  }

  #scale(from: number, to: number, milliseconds: number): void {
    const costs = this.#costs.subarray(from, to);
    const estimated = costs.reduce((sum, cost) => sum + cost, 0);
    if (estimated === 0) return;
    const ratio = Math.max(milliseconds / estimated, 1 / largestFall);
    costs.forEach((cost, dispatch) => {
      costs[dispatch] = cost * ratio;
    });
  }
}
