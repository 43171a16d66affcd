import type { Problem } from './verify.ts';

/**
 * An SQLite database file read page by page (https://www.sqlite.org/fileformat2.html), strictly: as a table that only
 * ever grew leaves it, with every byte either read or zero. SQLite itself overlooks changes in bytes it has no use for.
 */

/** A row of a table: its row id and its columns, in order. */
export interface Row {
  readonly id: number;
  readonly values: readonly Value[];
}

export type Value = number | string | null;

/** A page below an interior one, and the greatest row id that is in it as that one says; null for the last. */
interface Child {
  readonly page: number;
  readonly greatest: number | null;
}

/** Where the parts of a page are, in bytes of the file. */
interface PageExtents {
  readonly header: number;
  readonly unused: number;
  readonly content: number;
  readonly cells: readonly { readonly at: number; readonly end: number }[];
  readonly end: number;
}

/** A page that is not as SQLite writes it. */
class PageError extends Error {}

export class DatabasePages {
  readonly problems: Problem[] = [];
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #pageSize: number;
  readonly #visited = new Set<number>();
  readonly #interior: PageExtents[] = [];

  constructor(bytes: Uint8Array<ArrayBuffer>, pageSize: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#pageSize = pageSize;
  }

  get pages(): number {
    return this.#bytes.length / this.#pageSize;
  }

  byte(at: number): number {
    return this.#view.getUint8(at);
  }

  uint32(at: number): number {
    return this.#view.getUint32(at);
  }

  wrong(at: number, problem: string): void {
    this.problems.push({ place: `journal.sqlite, byte ${at}`, problem });
  }

  /** The rows of the table whose root is page `root`, in order of their ids. Damaged pages are named and left out. */
  *rows(root: number): Generator<Row, void> {
    this.#interior.length = 0;
    yield* this.#tree(root);
    // Dividing an interior page leaves bytes of the old one behind, so its spare space is zero only while there is one
    // such page: up to about 1,800 leaves, or 45,000 entries.
    if (this.#interior.length === 1) for (const extents of this.#interior) this.#expectFilled(extents);
  }

  /** Names the pages that belong to no table. Call it when all were read. */
  expectAllVisited(): void {
    for (let page = 1; page <= this.pages; page++) {
      if (!this.#visited.has(page)) this.wrong((page - 1) * this.#pageSize, 'this page belongs to nothing');
    }
  }

  *#tree(page: number): Generator<Row, number> {
    const start = (page - 1) * this.#pageSize;
    let read: { rows: Row[]; children: Child[] };
    try {
      this.#visit(page);
      read = this.#btreePage(start, page === 1 ? 100 : 0);
    } catch (error) {
      if (!(error instanceof PageError || error instanceof RangeError)) throw error;
      this.wrong(start, `this page is not as it was written: ${error.message}`);
      return 0;
    }
    yield* read.rows;
    let greatest = read.rows.at(-1)?.id ?? 0;
    for (const child of read.children) {
      greatest = yield* this.#tree(child.page);
      if (child.greatest !== null && child.greatest !== greatest) {
        this.wrong(start, `this page says ${child.greatest} where the greatest row below is ${greatest}`);
      }
    }
    return greatest;
  }

  #visit(page: number): void {
    if (page < 1 || page > this.pages) throw new PageError(`there is no page ${page}`);
    if (this.#visited.has(page)) throw new PageError(`page ${page} is named twice`);
    this.#visited.add(page);
  }

  #btreePage(start: number, headerAt: number): { rows: Row[]; children: Child[] } {
    const header = start + headerAt;
    const end = start + this.#pageSize;
    const type = this.#view.getUint8(header);
    if (type !== 13 && type !== 5) throw new PageError(`it has type ${type}`);
    const leaf = type === 13;
    const count = this.#view.getUint16(header + 3);
    const pointers = header + (leaf ? 8 : 12);
    const rows: Row[] = [];
    const children: Child[] = [];
    const cells: { at: number; end: number }[] = [];
    for (let i = 0; i < count; i++) {
      const at = start + this.#view.getUint16(pointers + 2 * i);
      const reader = new Reader(this.#bytes, at, end);
      if (leaf) {
        const length = reader.varint();
        const id = reader.varint();
        rows.push({ id, values: recordOf(this.#payload(reader, length)) });
      } else {
        children.push({ page: reader.uint(4), greatest: reader.varint() });
      }
      cells.push({ at, end: reader.at });
    }
    if (!leaf) children.push({ page: this.#view.getUint32(header + 8), greatest: null });
    const extents = {
      header,
      unused: pointers + 2 * count,
      content: start + this.#view.getUint16(header + 5),
      cells,
      end,
    };
    if (leaf) this.#expectFilled(extents);
    else this.#interior.push(extents);
    return { rows, children };
  }

  /** Nothing was ever freed: the cells fill the page from `content` to its end, and all between index and them is zero. */
  #expectFilled({ header, unused, content, cells, end }: PageExtents): void {
    if (this.#view.getUint16(header + 1) !== 0 || this.#view.getUint8(header + 7) !== 0) {
      this.wrong(header, 'this page says that bytes of it were freed');
    }
    let filled = content;
    for (const cell of cells.toSorted((a, b) => a.at - b.at)) {
      if (cell.at !== filled) {
        this.wrong(header, `the cells of this page leave or share byte ${filled}`);
        return;
      }
      filled = cell.end;
    }
    if (filled !== end || content < unused) this.wrong(header, 'the cells of this page do not fill it');
    this.#expectZero(unused, content);
  }

  /** A cell's payload of `length` bytes, with the pages it flows over to. */
  #payload(reader: Reader, length: number): Uint8Array<ArrayBuffer> {
    const usable = this.#pageSize;
    if (length > this.#bytes.length) throw new PageError(`a row has ${length} bytes`);
    const payload = new Uint8Array(length);
    if (length <= usable - 35) {
      payload.set(reader.take(length));
      return payload;
    }
    const least = Math.floor(((usable - 12) * 32) / 255) - 23;
    const fitted = least + ((length - least) % (usable - 4));
    let filled = fitted <= usable - 35 ? fitted : least;
    payload.set(reader.take(filled));
    let next = reader.uint(4);
    while (filled < length) {
      this.#visit(next);
      const page = (next - 1) * usable;
      const part = Math.min(length - filled, usable - 4);
      payload.set(this.#bytes.subarray(page + 4, page + 4 + part), filled);
      this.#expectZero(page + 4 + part, page + usable);
      filled += part;
      next = this.#view.getUint32(page);
    }
    if (next !== 0) throw new PageError(`a row flows on to page ${next}`);
    return payload;
  }

  #expectZero(at: number, end: number): void {
    const place = this.#bytes.subarray(at, end).findIndex((byte) => byte !== 0);
    if (place >= 0) this.wrong(at + place, 'this byte is unused, and is not zero');
  }
}

/** The columns of a record (file format, section 2.1): every byte of it is read. */
function recordOf(payload: Uint8Array<ArrayBuffer>): Value[] {
  const reader = new Reader(payload, 0, payload.length);
  const headerEnd = reader.varint();
  const types: number[] = [];
  while (reader.at < headerEnd) types.push(reader.varint());
  if (reader.at !== headerEnd) throw new PageError('a row has a header of another length');
  const values = types.map((type) => reader.value(type));
  if (reader.at !== payload.length) throw new PageError('a row has bytes after its last column');
  return values;
}

class Reader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #end: number;
  at: number;

  constructor(bytes: Uint8Array<ArrayBuffer>, at: number, end: number) {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
  }

  take(length: number): Uint8Array<ArrayBuffer> {
    if (this.at + length > this.#end) throw new PageError('a row passes the end of its page');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  uint(length: number): number {
    let value = 0;
    for (const byte of this.take(length)) value = value * 256 + byte;
    return value;
  }

  /** A variable-length integer of at most 7 bytes: below 2^49, which no count or length of a journal reaches. */
  varint(): number {
    let value = 0;
    for (let i = 0; i < 7; i++) {
      const byte = this.uint(1);
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    throw new PageError('a number has too many bytes');
  }

  value(type: number): Value {
    const integerBytes = [0, 1, 2, 3, 4, 6, 8][type];
    if (type === 0) return null;
    if (integerBytes !== undefined) return this.#signed(integerBytes);
    if (type === 8 || type === 9) return type - 8;
    if (type < 13 || type % 2 === 0) throw new PageError(`a column has type ${type}`);
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.take((type - 13) / 2));
  }

  #signed(length: number): number {
    const value = this.uint(length);
    return value < 2 ** (8 * length - 1) ? value : value - 2 ** (8 * length);
  }
}
