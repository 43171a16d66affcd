import type { RelayStatus } from '../../relay/wire/status.ts';

/** Number of dyes (colours) in base.css. A corpus's index in the manifest selects its dye. */
export const dyes = 8;

/** The thread on top of a crossing: a coloured strand, a strand without colour, or the weft. */
export type Crossing = 'dyed' | 'undyed' | 'weft';

export interface Weave {
  readonly rows: readonly { readonly row: number; readonly dye: number }[];
  /** Columns of the whole run, and how many of them are woven. */
  readonly columns: number;
  readonly woven: number;
  crossing(row: number, column: number): Crossing;
}

/**
 * Draws a run as plain weave: columns are time, and each corpus is a strand that has its colour only in the rounds in which
 * the corpus took part. `part` from 0 to 1 is the progress of the current round.
 */
export function weave(run: {
  rounds: number;
  /** The corpora to show, as indices into the manifest's list. Only as many as there are dyes are shown. */
  corpora: readonly number[];
  /** For each committed round, whether each corpus of the manifest took part. */
  history: readonly (readonly boolean[])[];
  part: number;
  /** Approximate columns per row of cloth, so that runs of 3 and of 3,000 rounds give bands of the same shape. */
  picksPerRow: number;
}): Weave {
  const rounds = Math.max(1, run.rounds);
  const strands = run.corpora.slice(0, dyes);
  // With few corpora, each has several strands, so that the cloth has about six rows.
  const threads = Math.max(1, Math.round(6 / Math.max(1, strands.length)));
  const picks = strands.length * threads * run.picksPerRow;
  const columns = rounds <= picks ? rounds * Math.round(picks / rounds) : picks;
  const done = Math.min(rounds, run.history.length + Math.min(1, Math.max(0, run.part)));
  const rows = strands.flatMap((corpus) => Array.from({ length: threads }, () => ({ corpus })));
  return {
    rows: rows.map(({ corpus }, row) => ({ row, dye: corpus % dyes })),
    columns,
    woven: Math.min(columns, Math.round((done / rounds) * columns)),
    crossing(row, column) {
      if ((row + column) % 2 === 1) return 'weft';
      // The current round is drawn in full colour, because its participants are known only when it commits.
      const committed = run.history[Math.floor((column / columns) * rounds)];
      return committed === undefined || committed[rows[row]?.corpus ?? 0] === true ? 'dyed' : 'undyed';
    },
  };
}

/**
 * For each committed round, whether each corpus of the manifest took part. Where a long run's status leaves rounds out, they
 * are like the next one that it has.
 */
export function participation(history: RelayStatus['history']): readonly (readonly boolean[])[] {
  return history.flatMap(({ round, heldOutLoss }, i) => {
    const row = heldOutLoss.map((loss) => loss !== null);
    return new Array(round - (history[i - 1]?.round ?? 0)).fill(row);
  });
}

/** The corpora that take part or took part before, as indices in the manifest's order. */
export function weavingCorpora(
  corpora: readonly string[],
  present: readonly (string | null)[],
  history: readonly (readonly boolean[])[],
): readonly number[] {
  return corpora.flatMap((name, index) =>
    present.includes(name) || history.some((row) => row[index] === true) ? [index] : [],
  );
}
