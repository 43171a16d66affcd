/** The dyes of base.css, in order; a nation's place in the manifest picks one. */
export const dyes = 8;

/** What is woven at one crossing: a nation's strand on top, the weft on top, or nothing yet. */
export type Crossing = 'dyed' | 'undyed' | 'weft';

export interface Weave {
  readonly rows: readonly { readonly row: number; readonly dye: number }[];
  /** Columns of the whole run, and how many of them are woven. */
  readonly columns: number;
  readonly woven: number;
  crossing(row: number, column: number): Crossing;
}

/**
 * Lays a run out as plain weave: time runs across, nations are strands, and a strand has its colour only where that
 * nation took part in the round. `part` in 0 … 1 is how much of the round in progress is there.
 */
export function weave(run: {
  rounds: number;
  /** The nations to show, as indices into the manifest's list; no more than there are dyes are shown. */
  nations: readonly number[];
  /** For each committed round, whether each nation of the manifest took part. */
  history: readonly (readonly boolean[])[];
  part: number;
  /** Columns are kept near this many a row, so that every run, of 3 rounds or 3,000, makes a band of one shape. */
  picksPerRow: number;
}): Weave {
  const rounds = Math.max(1, run.rounds);
  const strands = run.nations.slice(0, dyes);
  // About six rows, so that few nations make fine cloth too.
  const threads = Math.max(1, Math.round(6 / Math.max(1, strands.length)));
  const picks = strands.length * threads * run.picksPerRow;
  const columns = rounds <= picks ? rounds * Math.round(picks / rounds) : picks;
  const done = Math.min(rounds, run.history.length + Math.min(1, Math.max(0, run.part)));
  const rows = strands.flatMap((nation) => Array.from({ length: threads }, () => ({ nation })));
  return {
    rows: rows.map(({ nation }, row) => ({ row, dye: nation % dyes })),
    columns,
    woven: Math.min(columns, Math.round((done / rounds) * columns)),
    crossing(row, column) {
      if ((row + column) % 2 === 1) return 'weft';
      // A round in progress is woven in full colour: who takes part is known when it commits.
      const committed = run.history[Math.floor((column / columns) * rounds)];
      return committed === undefined || committed[rows[row]?.nation ?? 0] === true ? 'dyed' : 'undyed';
    },
  };
}

/** The nations that take part or did, in the manifest's order. */
export function weavingNations(
  nations: readonly string[],
  present: readonly (string | null)[],
  history: readonly (readonly boolean[])[],
): readonly number[] {
  return nations.flatMap((name, index) =>
    present.includes(name) || history.some((row) => row[index] === true) ? [index] : [],
  );
}
