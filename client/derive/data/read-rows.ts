import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { TextFile } from '../../data/reading/file-reading.ts';
import { isJsonLines } from '../../data/reading/json-lines.ts';
import { LineSplitter } from '../../data/reading/lines.ts';
import { type Problems, sort } from '../../data/reading/problems.ts';
import { readAsWestern, utf8Chunks } from '../../data/reading/utf8-chunks.ts';
import type { Row } from './row.ts';
import { jsonArrayReader, jsonLinesReader, plainTextReader, type RowRead } from './row-reader.ts';

/** Limits of reading datasets. Bytes are those of the files; rows are held in memory. */
export interface DatasetLimits {
  readonly file: number;
  /** Limit for a file of one JSON array, which is parsed as a whole. */
  readonly array: number;
  readonly line: number;
  readonly rows: number;
}

export const defaultDatasetLimits: DatasetLimits = {
  file: 2 ** 30,
  array: 2 ** 28,
  line: 2 ** 24,
  rows: 2_000_000,
};

/** The rows of one file. */
export interface FileRows {
  readonly name: string;
  /** SHA-256 of the file's bytes, in hex. */
  readonly hash: string;
  readonly rows: readonly Row[];
  /** Lines or entries that hold a row, and those of them that were left out. */
  readonly lines: number;
  readonly leftOut: number;
}

const tooMany = (most: number) =>
  sort(
    'dataset.too-many-rows',
    `has more than ${most} rows; the rest was left out`,
    `have more than ${most} rows; the rest was left out`,
    'Give a part of the dataset.',
  );

/**
 * Reads a file of rows: JSONL, a JSON array (`.json`), or plain text. A line that cannot be used costs only that line, and is
 * added to `problems` with its place. @throws LeftOut if the whole file cannot be read
 */
export async function readRows(
  file: TextFile,
  problems: Problems,
  limits: DatasetLimits = defaultDatasetLimits,
): Promise<FileRows> {
  const hash = sha256.create();
  const rows: Row[] = [];
  let leftOut = 0;
  const take = (reads: Iterable<RowRead>) => {
    for (const read of reads) {
      if ('row' in read) rows.push(read.row);
      else {
        leftOut++;
        problems.add(read.problem, file.name, read.place);
      }
    }
  };
  const isArray = /\.json$/i.test(file.name);
  const reader = isArray
    ? jsonArrayReader()
    : isJsonLines(file.name)
      ? jsonLinesReader(limits.line)
      : plainTextReader();
  const splitter = new LineSplitter(limits.line);
  const most = isArray ? Math.min(limits.array, limits.file) : limits.file;
  const onWestern = () => problems.add(readAsWestern, file.name, null);
  for await (const chunk of utf8Chunks(hashed(file.chunks(), hash), most, onWestern)) {
    for (const line of splitter.push(chunk)) if (rows.length <= limits.rows) take(reader.push(line));
  }
  for (const line of splitter.end()) if (rows.length <= limits.rows) take(reader.push(line));
  take(reader.end());
  if (rows.length > limits.rows) {
    rows.length = limits.rows;
    problems.add(tooMany(limits.rows), file.name, null);
  }
  const lines = rows.length + leftOut;
  return { name: file.name, hash: bytesToHex(hash.digest()), rows, lines, leftOut };
}

async function* hashed(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  hash: { update(bytes: Uint8Array): unknown },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}
