import * as v from 'valibot';
import type { TextBytes } from '../text-bytes.ts';
import { isJsonLines, readJsonLine } from './json-lines.ts';
import { type Line, LineSplitter } from './lines.ts';
import { LeftOut, type ProblemSort, type Problems, sort } from './problems.ts';
import { firstNotText } from './utf8.ts';
import { readAsWestern, utf8Chunks } from './utf8-chunks.ts';

/** A file from a page or a folder. It is read once, from start to end. */
export interface TextFile {
  readonly name: string;
  chunks(): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** Limits of reading, in bytes. */
export interface ReadingLimits {
  readonly file: number;
  /** Limit for all files together, because they are held in memory. */
  readonly corpus: number;
  /** Limit for a line of JSONL; a longer one is left out. Lines of plain text have no limit. */
  readonly line: number;
}

export const defaultReadingLimits: ReadingLimits = { file: 2 ** 30, corpus: 2 ** 31, line: 2 ** 24 };

const empty = sort('corpus.empty', 'has no text', 'have no text', 'Leave it out, or put text into it.');
const badBytes = sort(
  'corpus.not-utf8',
  'has bytes that are not UTF-8 text; the sentence with them was left out',
  'have bytes that are not UTF-8 text; the sentences with them were left out',
  'Save the file as UTF-8, for example with iconv or an editor.',
);
const notJson = sort(
  'corpus.bad-jsonl',
  'is not a JSON object with a "text" field and was left out',
  'are not JSON objects with a "text" field and were left out',
  'Correct the lines; Python writes strict JSON with json.dumps(..., allow_nan=False).',
);
const tooMuch = (most: number) =>
  sort(
    'corpus.too-large',
    `was left out: all files together have more than ${most} bytes`,
    `were left out: all files together have more than ${most} bytes`,
    'Give fewer files.',
  );

const jsonLine = v.object({ text: v.string() });

/** Reads one file into a corpus. */
export class FileReading {
  readonly #file: TextFile;
  readonly #text: TextBytes;
  readonly #problems: Problems;
  readonly #limits: ReadingLimits;
  readonly #isJsonl: boolean;
  #open = false;
  /** True after a line was left out and reported as a problem. */
  #told = false;

  constructor(file: TextFile, text: TextBytes, problems: Problems, limits: ReadingLimits) {
    this.#file = file;
    this.#text = text;
    this.#problems = problems;
    this.#limits = limits;
    this.#isJsonl = isJsonLines(file.name);
  }

  async read(): Promise<void> {
    const start = this.#text.length;
    const splitter = new LineSplitter(this.#isJsonl ? this.#limits.line : 2 ** 16);
    let hasText = false;
    const onWestern = () => this.#problems.add(readAsWestern, this.#file.name, null);
    for await (const chunk of utf8Chunks(this.#file.chunks(), this.#limits.file, onWestern)) {
      for (const line of splitter.push(chunk)) hasText = this.#take(line) || hasText;
      if (this.#text.length > this.#limits.corpus) throw new LeftOut(tooMuch(this.#limits.corpus));
    }
    for (const line of splitter.end()) hasText = this.#take(line) || hasText;
    if (this.#open) this.#text.end();
    if (hasText) return;
    this.#text.truncate(start);
    if (!this.#told) throw new LeftOut(empty);
  }

  /** Adds a line to the text; true if it has something other than white space. */
  #take(line: Line): boolean {
    return this.#isJsonl ? this.#takeJson(line) : this.#takeText(line);
  }

  #takeText({ bytes, number, offset, ended }: Line): boolean {
    const bad = firstNotText(bytes);
    if (bad >= 0) this.#leaveOut(badBytes, number, offset + bad);
    const good = bad < 0 ? [bytes] : sentencesOf(bytes).filter((sentence) => firstNotText(sentence) < 0);
    if (good.length === 0) return false;
    if (!this.#open) this.#text.begin();
    this.#open = true;
    for (const part of good)
      this.#text.append(ended && part.at(-1) === carriageReturn ? part.subarray(0, -1) : part);
    if (ended) this.#text.append(lineEnd);
    return good.some((part) => part.some((byte) => byte > space));
  }

  #takeJson(line: Line): boolean {
    const read = readJsonLine(line, this.#limits.line, notJson);
    if (read === null) return false;
    if ('problem' in read) {
      this.#leaveOut(read.problem, line.number, read.byte);
      return false;
    }
    if (!v.is(jsonLine, read.value)) {
      this.#leaveOut(notJson, line.number);
      return false;
    }
    const { text } = read.value;
    if (text.trim() === '') return false;
    this.#text.add(text.replaceAll('\r\n', '\n'));
    return true;
  }

  #leaveOut(sort: ProblemSort, line: number, byte?: number): void {
    this.#told = true;
    this.#problems.add(sort, this.#file.name, byte === undefined ? { line } : { line, byte });
  }
}

const lineEnd = Uint8Array.of(0x0a);
const [space, carriageReturn] = [0x20, 0x0d];
const sentenceEnds = new Set([0x21, 0x2e, 0x3f]); // ! . ?

/** The sentences of a line. A sentence ends after the space that follows a full stop, exclamation mark or question mark. */
function sentencesOf(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const sentences: Uint8Array<ArrayBuffer>[] = [];
  let start = 0;
  for (let at = 1; at < bytes.length; at++) {
    if (bytes[at] !== space || !sentenceEnds.has(bytes[at - 1] ?? 0)) continue;
    sentences.push(bytes.subarray(start, at + 1));
    start = at + 1;
  }
  sentences.push(bytes.subarray(start));
  return sentences;
}
