import { Segments } from './segments.ts';

/** The bytes before and after each document. No byte of UTF-8 has these values. */
export const documentBegins = 0xfe;
export const documentEnds = 0xff;

/** The most bytes of a piece, which is the part of a document that is decoded at a time. */
const pieceBytes = 65_536;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** A document, or a part of a long one. */
export interface Piece {
  readonly text: string;
  /** `begins` is true for the first piece of a document, `ends` for the last; a short document has one piece with both. */
  readonly begins: boolean;
  readonly ends: boolean;
}

/**
 * Documents as consecutive UTF-8 in memory, so that each byte of text takes one byte. `documentBegins` and `documentEnds`
 * enclose each document and count in `length`.
 */
export class TextBytes {
  readonly #bytes = new Segments((length) => new Uint8Array(length));

  get length(): number {
    return this.#bytes.length;
  }

  at(index: number): number {
    return this.#bytes.at(index);
  }

  /** Adds a document. Lone surrogates, which UTF-8 cannot hold, become U+FFFD. */
  add(text: string): void {
    this.begin();
    this.append(encoder.encode(text));
    this.end();
  }

  /** Begins a document; calls of `append` add its text, and `end` ends it. */
  begin(): void {
    this.#bytes.push(documentBegins);
  }

  end(): void {
    this.#bytes.push(documentEnds);
  }

  /** Appends UTF-8 to the current document. A character may be split between two calls. */
  append(utf8: Uint8Array<ArrayBuffer>): void {
    this.#bytes.append(utf8);
  }

  /** Removes the bytes from index `length` on. */
  truncate(length: number): void {
    this.#bytes.truncate(length);
  }

  /** Views of the bytes from `start` to `end`, in order. */
  views(start?: number, end?: number): Generator<Uint8Array<ArrayBuffer>> {
    return this.#bytes.views(start, end);
  }

  /** SHA-256 in hex. */
  hash(): string {
    return this.#bytes.hash();
  }

  /** All documents. Long ones come in pieces that end after a line or a word if possible, and never inside a character. */
  *pieces(): Generator<Piece> {
    for (let start = 0; start < this.length; ) {
      const begins = this.at(start) === documentBegins;
      const first = begins ? start + 1 : start;
      const last = this.#pieceEnd(first);
      const ends = this.at(last) === documentEnds;
      let text = '';
      for (const view of this.views(first, last)) text += decoder.decode(view, { stream: true });
      yield { text: text + decoder.decode(), begins, ends };
      start = ends ? last + 1 : last;
    }
  }

  /** The end of the piece that starts at `first`: the document's end, or the end of the last line, word or character. */
  #pieceEnd(first: number): number {
    const most = first + pieceBytes;
    let place = first;
    let [line, word, character] = [first, first, first];
    for (const view of this.views(first, most)) {
      for (const byte of view) {
        if (byte === documentEnds) return place;
        if ((byte & 0xc0) !== 0x80) character = place;
        place++;
        if (byte === 0x0a) line = place;
        if (byte === 0x20) word = place;
      }
    }
    if (this.at(place) === documentEnds) return place;
    return [line, word, character].find((end) => end > first) ?? place;
  }
}
