import * as v from 'valibot';
import { TapestryError } from '../errors.ts';
import { type SplitDocument, splitDocuments, type TextDocument } from './held-out.ts';
import { byteTokenizer, type Tokenizer } from './tokenizer.ts';

/** A node's text as tokens. It never leaves the node. Each document stands between `beginning` and `end`. */
export interface Corpus {
  readonly name: string;
  readonly train: Uint16Array<ArrayBuffer>;
  /** Never trained on. */
  readonly heldOut: Uint16Array<ArrayBuffer>;
}

/** A file as a page or a folder gives it. */
export interface CorpusFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The shortest window any preset trains on: 128 tokens of context, and the one after them. */
const shortestWindow = 129;

/** In bytes. Larger files would not fit the longest string that JavaScript engines allow, as tokens or as text. */
const largestFile = 256 * 2 ** 20;

/** The corpus of whole documents, of which `splitDocuments` sets a tenth aside. */
export function corpusFromDocuments(
  name: string,
  documents: readonly TextDocument[],
  tokenizer: Tokenizer = byteTokenizer,
): Corpus {
  return corpusFromSplit(name, splitDocuments(documents), tokenizer);
}

/** The corpus of documents that are split already, in the order given. */
export function corpusFromSplit(
  name: string,
  documents: readonly SplitDocument[],
  tokenizer: Tokenizer = byteTokenizer,
): Corpus {
  return {
    name,
    train: tokenStream(
      documents.map(({ train }) => train),
      tokenizer,
    ),
    heldOut: tokenStream(
      documents.map(({ heldOut }) => heldOut),
      tokenizer,
    ),
  };
}

function tokenStream(texts: readonly string[], tokenizer: Tokenizer): Uint16Array<ArrayBuffer> {
  const encoded = texts.filter((text) => text !== '').map((text) => new Uint16Array(tokenizer.encode(text)));
  const stream = new Uint16Array(encoded.reduce((length, tokens) => length + tokens.length + 2, 0));
  let place = 0;
  for (const tokens of encoded) {
    stream[place] = tokenizer.beginning;
    stream.set(tokens, place + 1);
    stream[place + tokens.length + 1] = tokenizer.end;
    place += tokens.length + 2;
  }
  return stream;
}

/**
 * The corpus of somebody's own files. A file that cannot be used is passed to `onProblem` and the others go on;
 * throws `corpus.none` when none is left.
 */
export function corpusFromFiles(
  name: string,
  files: readonly CorpusFile[],
  onProblem: (problem: TapestryError) => void,
): Corpus {
  const documents: TextDocument[] = [];
  for (const file of files) {
    try {
      for (const document of parseDocuments(file.name, file.bytes)) documents.push(document);
    } catch (problem) {
      if (!(problem instanceof TapestryError)) throw problem;
      onProblem(problem);
    }
  }
  if (documents.length === 0)
    throw new TapestryError(
      'corpus.none',
      `${name} has no text that can be used.`,
      'Give at least one UTF-8 text file or JSONL file with some paragraphs in it.',
    );
  return corpusFromDocuments(name, documents);
}

/**
 * The documents of one file: its lines if the name ends in .jsonl or .ndjson (objects with a "text" field), else the whole
 * of it. Throws `corpus.empty`, `corpus.not-utf8`, `corpus.bad-jsonl`, `corpus.too-short` or `corpus.too-large`, each
 * naming the file.
 */
export function parseDocuments(fileName: string, bytes: Uint8Array): TextDocument[] {
  if (bytes.length > largestFile)
    throw new TapestryError(
      'corpus.too-large',
      `${fileName} has ${bytes.length} bytes; a file may have ${largestFile}.`,
      'Split it into smaller files.',
    );
  const text = decodeUtf8(fileName, bytes).replaceAll('\r\n', '\n');
  const documents = /\.(jsonl|ndjson)$/i.test(fileName)
    ? parseLines(fileName, text)
    : [{ name: fileName, text }].filter((document) => document.text.trim() !== '');
  if (documents.length === 0)
    throw new TapestryError('corpus.empty', `${fileName} has no text.`, 'Leave it out, or put text into it.');
  // Two tokens a document are its beginning and its end. What is past a window need not be counted.
  let tokens = 0;
  for (const { text: start } of documents) {
    if (tokens < shortestWindow) tokens += byteTokenizer.encode(start.slice(0, shortestWindow)).length + 2;
  }
  if (tokens < shortestWindow)
    throw new TapestryError(
      'corpus.too-short',
      `${fileName} has ${tokens} tokens; the shortest window that can be trained on has ${shortestWindow}.`,
      'Leave it out, or join it with others into one file.',
    );
  return documents;
}

function decodeUtf8(fileName: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TapestryError(
      'corpus.not-utf8',
      `${fileName} is not UTF-8 text.`,
      `Convert it: iconv -f <its encoding> -t utf-8 ${fileName}`,
      { cause },
    );
  }
}

const line = v.object({ text: v.string() });

function parseLines(fileName: string, text: string): TextDocument[] {
  return text.split('\n').flatMap((source, index) => {
    if (source.trim() === '') return [];
    const name = `${fileName}:${index + 1}`;
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), line), source);
    if (!parsed.success)
      throw new TapestryError(
        'corpus.bad-jsonl',
        `${name} is not a JSON object with a "text" field.`,
        'Mend the line, or give the file another ending to read it as plain text.',
      );
    return parsed.output.text.trim() === '' ? [] : [{ name, text: parsed.output.text }];
  });
}
