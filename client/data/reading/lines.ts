/** A line of a file, or a part of a line that is longer than the limit. */
export interface Line {
  /** The bytes without the line end. Valid only until the next line is requested. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Number of the line in the file, from 1. */
  readonly number: number;
  /** Offset of the first byte in the file, counted in UTF-8 without a byte order mark. */
  readonly offset: number;
  /** False if more of this line follows. */
  readonly complete: boolean;
  /** True if a line end follows. */
  readonly ended: boolean;
  /** True if this is not the first part of its line. */
  readonly continued: boolean;
}

const lineFeed = 0x0a;

/** Splits chunks of bytes into lines. A line of more than `longest` bytes is split into parts, between characters. */
export class LineSplitter {
  readonly #longest: number;
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #number = 1;
  #offset = 0;
  #continued = false;

  constructor(longest: number) {
    this.#longest = longest;
  }

  *push(chunk: Uint8Array<ArrayBuffer>): Generator<Line> {
    let bytes = joined(this.#rest, chunk);
    let searched = this.#rest.length;
    for (;;) {
      const end = bytes.indexOf(lineFeed, searched);
      if (end >= 0 && end <= this.#longest) {
        yield this.#line(bytes.subarray(0, end), true);
        bytes = bytes.subarray(end + 1);
      } else if (bytes.length > this.#longest) {
        const cut = characterBorder(bytes, this.#longest);
        yield this.#line(bytes.subarray(0, cut), false);
        bytes = bytes.subarray(cut);
      } else break;
      searched = 0;
    }
    this.#rest = bytes.slice();
  }

  /** The last line, if it has no line end. */
  *end(): Generator<Line> {
    if (this.#rest.length > 0 || this.#continued) yield this.#line(this.#rest, true, false);
    this.#rest = new Uint8Array(0);
  }

  #line(bytes: Uint8Array<ArrayBuffer>, complete: boolean, ended = complete): Line {
    const line = {
      bytes,
      number: this.#number,
      offset: this.#offset,
      complete,
      ended,
      continued: this.#continued,
    };
    this.#offset += bytes.length + (ended ? 1 : 0);
    if (complete) this.#number++;
    this.#continued = !complete;
    return line;
  }
}

function joined(one: Uint8Array<ArrayBuffer>, other: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (one.length === 0) return other;
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/** The last start of a character at or up to three bytes before `place`. */
function characterBorder(bytes: Uint8Array, place: number): number {
  let border = place;
  while (border > Math.max(1, place - 3) && ((bytes[border] ?? 0) & 0xc0) === 0x80) border--;
  return border;
}
