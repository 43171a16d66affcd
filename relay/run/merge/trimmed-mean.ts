import { nextTurn } from '../next-turn.ts';
import type { Merge, Merged, Part } from './merge.ts';

/** Integers of a block, of all parts together, if the model has fewer parameters. */
const usualHeld = 2 ** 22;
/** Columns between two turns of the event loop: a few milliseconds of work. */
const columnsATurn = 2 ** 13;

/**
 * The coordinate-wise trimmed mean (Yin et al. 2018, arXiv 1803.01498): of the n values of a parameter the floor(n * trim) lowest
 * and as many of the highest are left out; equal values are in the order of their payloads' hashes. The others have their
 * weighted mean. Fewer hostile parts than are trimmed cannot move a parameter beyond the values of honest ones.
 *
 * It needs all values of a parameter at once, so it reads the payloads block by block: a block holds about as many integers of
 * all parts together as the model has parameters.
 */
export class TrimmedMean implements Merge {
  readonly #parameters: number;
  readonly #trim: number;
  readonly #held: number;

  constructor(parameters: number, { trim }: { readonly trim: number }, held = usualHeld) {
    this.#parameters = parameters;
    this.#trim = trim;
    this.#held = Math.max(parameters, held);
  }

  async merge(given: readonly Part[], unit: number): Promise<Merged> {
    const parts = [...given].sort((one, other) => (one.payload < other.payload ? -1 : 1));
    const delta = new Float64Array(this.#parameters);
    const counted = parts.map(() => 0);
    const width = Math.max(1, Math.floor(this.#held / parts.length));
    const rows = parts.map(() => new Row());
    for (let from = 0; from < this.#parameters; from += width) {
      const to = Math.min(this.#parameters, from + width);
      for (const [i, part] of parts.entries()) await rows[i]?.read(part, from, to);
      await this.#columns(parts, rows, { from, to, unit, delta, counted });
    }
    const shares = given.map((part) => (counted[parts.indexOf(part)] ?? 0) / this.#parameters);
    return { delta, excluded: [], shares };
  }

  async #columns(parts: readonly Part[], rows: readonly Row[], block: Block): Promise<void> {
    const { from, to, unit, delta, counted } = block;
    const n = parts.length;
    const trimmed = Math.floor(n * this.#trim);
    const tokens = Float64Array.from(parts, (part) => part.tokens);
    // A value and its part in one number, so that they sort together: an integer is below 2^25, and a part's index below n.
    const column = new Float64Array(n);
    for (let at = 0; at < to - from; at++) {
      if (at % columnsATurn === columnsATurn - 1) await nextTurn();
      for (let i = 0; i < n; i++) column[i] = (rows[i]?.integers[at] ?? 0) * n + i;
      column.sort();
      let [sum, weight] = [0, 0];
      for (let place = trimmed; place < n - trimmed; place++) {
        const value = column[place] ?? 0;
        const integer = Math.floor(value / n);
        const i = value - integer * n;
        const own = tokens[i] ?? 0;
        sum += integer * own;
        weight += own;
        counted[i] = (counted[i] ?? 0) + 1;
      }
      delta[from + at] = (sum * unit) / weight;
    }
  }
}

interface Block {
  readonly from: number;
  readonly to: number;
  readonly unit: number;
  readonly delta: Float64Array;
  /** How many of each part's values count so far. */
  readonly counted: number[];
}

/** The integers of a part in one block. */
class Row {
  integers = new Int32Array(0);

  /** Reads the values from `from` to before `to`. */
  async read(part: Part, from: number, to: number): Promise<void> {
    if (this.integers.length < to - from) this.integers = new Int32Array(to - from);
    await part.decode(
      (slice) => {
        const { integers, indices } = slice;
        if (indices === null) this.integers.set(integers, slice.from - from);
        else {
          this.integers.fill(0, slice.from - from, slice.to - from);
          for (const [i, index] of indices.entries()) this.integers[index - from] = integers[i] ?? 0;
        }
      },
      { from, to },
    );
  }
}
