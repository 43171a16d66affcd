import { readJsonLine } from '../../data/reading/json-lines.ts';
import type { Line } from '../../data/reading/lines.ts';
import { type Place, type ProblemSort, sort } from '../../data/reading/problems.ts';
import { firstNotText } from '../../data/reading/utf8.ts';
import { knownColumns, readColumns } from './columns.ts';
import type { Row } from './row.ts';

/** A row, or what is wrong with the place where one should be. */
export type RowRead = { readonly row: Row } | { readonly problem: ProblemSort; readonly place: Place };

/** Makes rows of a file's lines. All rows are given once `end` was called. */
export interface RowReader {
  push(line: Line): Iterable<RowRead>;
  end(): Iterable<RowRead>;
}

const notJson = sort(
  'dataset.not-json',
  'is no JSON and was left out',
  'are no JSON and were left out',
  'Correct the lines; Python writes strict JSON with json.dumps(..., allow_nan=False).',
);
const notArray = sort(
  'dataset.not-array',
  'begins a file that is no JSON array of rows, and nothing of the file was read',
  'begin files that are no JSON arrays of rows, and nothing of the files was read',
  'A .json file holds one array of objects; name a file with one object a line .jsonl.',
);
const notText = sort(
  'corpus.not-utf8',
  'has bytes that are not UTF-8 text and was left out',
  'have bytes that are not UTF-8 text and were left out',
  'Save the file as UTF-8, for example with iconv or an editor.',
);
const columnProblems: Readonly<Record<'unknown' | 'form' | 'empty', ProblemSort>> = {
  unknown: sort(
    'dataset.unknown-columns',
    'has no known set of columns and was left out',
    'have no known set of columns and were left out',
    `Name the columns as one of: ${knownColumns}.`,
  ),
  form: sort(
    'dataset.bad-row',
    'has a column of another type than its set of columns has, and was left out',
    'have a column of another type than its set of columns has, and were left out',
    'Texts are strings, messages are lists of {"role", "content"}, labels are true or false.',
  ),
  empty: sort(
    'dataset.empty-row',
    'has nothing to learn from (no answer, or two equal ones) and was left out',
    'have nothing to learn from (no answer, or two equal ones) and were left out',
    'Correct the lines, or leave them out.',
  ),
};

function rowAt(value: unknown, place: Place): RowRead {
  const columns = readColumns(value);
  return 'row' in columns ? columns : { problem: columnProblems[columns.wrong], place };
}

/** One JSON object a line; lines have at most `most` bytes. */
export function jsonLinesReader(most: number): RowReader {
  return {
    push(line) {
      const read = readJsonLine(line, most, notJson);
      if (read === null) return [];
      if ('value' in read) return [rowAt(read.value, { line: line.number })];
      const { problem, byte } = read;
      return [{ problem, place: { line: line.number, ...(byte === undefined ? {} : { byte }) } }];
    },
    end: () => [],
  };
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** A whole file that is one JSON array of objects, as Alpaca's and LLaMA-Factory's are. Places are entries of the array. */
export function jsonArrayReader(): RowReader {
  let source = '';
  return {
    push({ bytes, ended }) {
      source += decoder.decode(bytes) + (ended ? '\n' : '');
      return [];
    },
    end() {
      const entries = arrayIn(source);
      if (entries === null) return [{ problem: notArray, place: { line: 1 } }];
      return entries.map((value, index) => rowAt(value, { line: index + 1, entry: true }));
    },
  };
}

function arrayIn(source: string): readonly unknown[] | null {
  try {
    const value: unknown = JSON.parse(source);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** Characters after which the next paragraph begins another row. */
const rowCharacters = 4096;

/** Plain text: rows of whole paragraphs, so that a part of one file can be held out. */
export function plainTextReader(): RowReader {
  let text = '';
  const flush = (): RowRead[] => {
    const row: RowRead[] = text.trim() === '' ? [] : [{ row: { form: 'text', text } }];
    text = '';
    return row;
  };
  return {
    push({ bytes, number, offset, ended }) {
      const bad = firstNotText(bytes);
      if (bad >= 0) return [{ problem: notText, place: { line: number, byte: offset + bad } }];
      const line = decoder.decode(bytes).replace(/\r$/, '');
      text += line + (ended ? '\n' : '');
      return line.trim() === '' && text.length >= rowCharacters ? flush() : [];
    },
    end: flush,
  };
}
