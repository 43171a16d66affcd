import type { Line } from './lines.ts';
import { type ProblemSort, sort } from './problems.ts';
import { firstNotText } from './utf8.ts';

/** A line of JSONL: its value, the reason why it is left out, or null for a blank line or the rest of a long one. */
export type JsonLine =
  | { readonly value: unknown }
  | { readonly problem: ProblemSort; readonly byte?: number }
  | null;

const notUtf8 = sort(
  'corpus.not-utf8',
  'is not UTF-8 text and was left out',
  'are not UTF-8 text and were left out',
  'Save the file as UTF-8, for example with iconv or an editor.',
);
const longLine = (most: number) =>
  sort(
    'corpus.long-line',
    `has more than ${most} bytes and was left out`,
    `have more than ${most} bytes and were left out`,
    'Split it into several lines.',
  );

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** True if a file's lines are read as JSON. */
export const isJsonLines = (name: string): boolean => /\.(jsonl|ndjson)$/i.test(name);

/** Parses a line of at most `most` bytes as strict JSON. `notJson` is the problem of a line that is none. */
export function readJsonLine(line: Line, most: number, notJson: ProblemSort): JsonLine {
  if (line.continued) return null;
  if (!line.complete) return { problem: longLine(most) };
  const bad = firstNotText(line.bytes);
  if (bad >= 0) return { problem: notUtf8, byte: line.offset + bad };
  const source = decoder.decode(line.bytes);
  if (source.trim() === '') return null;
  try {
    return { value: JSON.parse(source) };
  } catch {
    return { problem: notJson };
  }
}
