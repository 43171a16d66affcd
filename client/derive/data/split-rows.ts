import { sha256Hex } from '../../sha256.ts';
import { nearCopies, normalized } from './near-copies.ts';
import { promptOf, type Row } from './row.ts';

/** Rows to train on and rows to measure on. */
export interface RowSplit {
  readonly train: readonly Row[];
  readonly heldOut: readonly Row[];
  /** Rows left out because an equal one came before. */
  readonly duplicates: number;
  /** Rows whose prompt is a near-copy of another's; each is on the side of that one. */
  readonly nearCopies: number;
}

/**
 * Removes equal rows, and holds out about `share` of the others. The side is drawn by the hash of the prompt, and the same for
 * all near-copies of it, so that no row is measured whose prompt was trained on. The order of the rows and other rows do not
 * change a prompt's side, unless they are near-copies.
 */
export function splitRows(rows: readonly Row[], share: number): RowSplit {
  const seen = new Set<string>();
  const kept = rows.filter((row) => {
    const key = sha256Hex(JSON.stringify(row));
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  const prompts = kept.map(promptOf);
  const firsts = nearCopies(prompts);
  // The smallest hash of a group draws its side: it does not depend on the order of the rows.
  const hashes = prompts.map((prompt) => sha256Hex(normalized(prompt)));
  const drawn = new Map<number, string>();
  firsts.forEach((first, index) => {
    const [own, before] = [hashes[index] ?? '', drawn.get(first)];
    if (before === undefined || own < before) drawn.set(first, own);
  });
  const isHeldOut = (index: number) =>
    Number.parseInt((drawn.get(firsts[index] ?? index) ?? '').slice(0, 8), 16) < share * 2 ** 32;
  return {
    train: kept.filter((_, index) => !isHeldOut(index)),
    heldOut: kept.filter((_, index) => isHeldOut(index)),
    duplicates: rows.length - kept.length,
    nearCopies: firsts.filter((first, index) => first !== index).length,
  };
}
