import { printable, TapestryError } from '../../../errors.ts';

/** Limits of a file of votes. Bytes are those of the file. */
export const voteLimits = { bytes: 2 ** 26, voters: 100_000, principles: 4096 } as const;

/** Agreement 1, disagreement -1, neither 0. */
export type Vote = 1 | 0 | -1;

/** Votes of people on proposed principles. */
export interface Votes {
  readonly voters: readonly string[];
  readonly principles: readonly string[];
  /** For each voter, in their order, the votes by the index of the principle. */
  readonly cast: readonly ReadonlyMap<number, Vote>[];
}

/** Names of the columns; those with a hyphen are of Polis' exports. */
const columns = {
  voter: ['voter', 'voter-id'],
  principle: ['principle', 'statement', 'comment-id'],
  vote: ['vote'],
} as const;

const meanings: Readonly<Record<string, Vote>> = {
  ...{ agree: 1, '1': 1, '+1': 1, yes: 1 },
  ...{ disagree: -1, '-1': -1, no: -1 },
  ...{ pass: 0, '0': 0, unsure: 0 },
};

/**
 * Reads votes from CSV (RFC 4180): a line a vote, with the columns voter, principle and vote (agree, disagree, pass; or 1, -1, 0),
 * in any order and among others. Where someone voted twice on a principle, the later line counts. `name` is the file's.
 * Throws TapestryError `votes.invalid`, which names the line, and `votes.too-many`.
 */
export function parseVotes(text: string, name: string): Votes {
  const [head, ...records] = recordsOf(text, name);
  if (head === undefined) throw invalid(name, 1, 'it is empty');
  const at = (names: readonly string[]) => {
    const index = head.cells.findIndex((cell) => names.includes(cell.trim().toLowerCase()));
    if (index < 0) throw invalid(name, head.line, `it has no column named ${names.join(' or ')}`);
    return index;
  };
  const [voterAt, principleAt, voteAt] = [at(columns.voter), at(columns.principle), at(columns.vote)];
  const voters = new Map<string, number>();
  const principles = new Map<string, number>();
  const cast: Map<number, Vote>[] = [];
  for (const { line, cells } of records) {
    if (cells.length !== head.cells.length)
      throw invalid(name, line, `it has ${cells.length} cells, and the first line has ${head.cells.length}`);
    const [voter = '', principle = '', written = ''] = [cells[voterAt], cells[principleAt], cells[voteAt]];
    if (voter.trim() === '' || principle.trim() === '')
      throw invalid(name, line, 'the voter or the principle is empty');
    const vote = meanings[written.trim().toLowerCase()];
    if (vote === undefined)
      throw invalid(name, line, `${written} is no vote: write agree, disagree or pass, or 1, -1 or 0`);
    const person = indexOf(voters, voter.trim(), name, voteLimits.voters, 'voters');
    const own = cast[person] ?? new Map<number, Vote>();
    cast[person] = own;
    own.set(indexOf(principles, principle.trim(), name, voteLimits.principles, 'principles'), vote);
  }
  if (cast.length === 0) throw invalid(name, head.line, 'no vote follows');
  return { voters: [...voters.keys()], principles: [...principles.keys()], cast };
}

function indexOf(known: Map<string, number>, key: string, name: string, most: number, what: string): number {
  const index = known.get(key) ?? known.size;
  if (index >= most)
    throw new TapestryError(
      'votes.too-many',
      `${printable(name)} has more than ${most} ${what}.`,
      'Give a part of the votes.',
    );
  known.set(key, index);
  return index;
}

interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

/** The records of a CSV text with the lines that they begin on; empty lines are left out. */
function recordsOf(text: string, name: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  const cell = /"([^"]*(?:""[^"]*)*)"|[^",\r\n]*/y;
  let [at, line, began] = [text.startsWith('\ufeff') ? 1 : 0, 1, 1];
  let cells: string[] = [];
  while (at < text.length || cells.length > 0) {
    cell.lastIndex = at;
    const [whole = '', quoted] = cell.exec(text) ?? [];
    cells.push(quoted === undefined ? whole : quoted.replaceAll('""', '"'));
    line += whole.split('\n').length - 1;
    at += whole.length;
    if (text[at] === ',') {
      at++;
      continue;
    }
    if (at < text.length && text[at] !== '\n' && text[at] !== '\r')
      throw invalid(name, line, 'a quotation mark is where none may be, or is never closed');
    at += text.startsWith('\r\n', at) ? 2 : 1;
    if (cells.length > 1 || cells[0] !== '') records.push({ line: began, cells });
    cells = [];
    began = ++line;
  }
  return records;
}

function invalid(name: string, line: number, what: string): TapestryError {
  return new TapestryError(
    'votes.invalid',
    `${printable(name)} cannot be used: line ${line}: ${printable(what)}.`,
    'Write one vote a line under the header voter,principle,vote.',
  );
}
