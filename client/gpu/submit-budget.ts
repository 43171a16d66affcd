/**
 * A submit should not take longer: pages stay responsive, and Windows kills work of 2 s. A dispatch that takes longer by
 * itself cannot be split here and gets a submit of its own.
 */
export const submitMilliseconds = 100;

/**
 * Bytes a millisecond that any graphics card is trusted with before it was measured. A dispatch of matrices does up to a
 * few hundred operations on each byte: this stands for a slow card doing them.
 */
const unmeasuredBytes = 1e6;

/** Completions that a runtime reports this close together were reported late: they are measured together. */
const togetherMilliseconds = 1;

/** The end of a submit that no program reaches. */
const never = 0xffffffff;

/** How much cheaper one measurement can make a dispatch: a late report makes what comes after it look cheap. */
const largestFall = 4;

/** After so many measured runs, what was too long is tried again: the card may have been busy with other work. */
const runsRemembered = 64;

/** When the submits of one run ended. */
export interface SubmitTimes {
  readonly from: number;
  /** What `split` gave. */
  readonly ends: readonly number[];
  /** When the queue came to the run, and when each submit was done. */
  readonly startedAt: number;
  readonly doneAt: readonly number[];
}

/**
 * Splits a program's dispatches into as few submits as stay under the budget. What a dispatch takes is first guessed by
 * the bytes that are bound to it, from below, then learned from how long the submits took. A submit tells the sum of its
 * dispatches only, and other submits of them could come out too long again and again: so those that did are not repeated.
 */
export class SubmitBudget {
  /** Estimated milliseconds of each dispatch. */
  readonly #costs: Float64Array;
  /** For each dispatch, the end of the shortest submit from it on that was too long. */
  readonly #tooLong: Uint32Array;
  #runs = 0;

  /** `bytes`: what each dispatch has bound. */
  constructor(bytes: readonly number[]) {
    this.#costs = Float64Array.from(bytes, (each) => each / unmeasuredBytes);
    this.#tooLong = new Uint32Array(bytes.length).fill(never);
  }

  /** Where each submit of the dispatches `from` to `to` ends; the last at `to`. */
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

  /** Learns from a run. */
  measured({ from, ends, startedAt, doneAt }: SubmitTimes): void {
    if (++this.#runs % runsRemembered === 0) this.#tooLong.fill(never);
    let [first, before] = [from, startedAt];
    ends.forEach((end, submit) => {
      const at = doneAt[submit] ?? before;
      const next = doneAt[submit + 1];
      if (next !== undefined && next - at < togetherMilliseconds) return;
      const milliseconds = Math.max(at - before, 0);
      this.#scale(first, end, milliseconds);
      // Only whole submits: of several that were measured together, some may be short.
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
