import { SqliteDamage, type SqlitePages } from './sqlite-pages.ts';

export type Value = null | number | string | Uint8Array;

export interface Row {
  readonly id: number;
  readonly values: readonly Value[];
}

const interior = 5;
const leaf = 13;

/** Deeper trees hold more rows than a file can. */
const mostLevels = 20;

/** A row's most bytes; the journal's longest line is shorter. */
const mostRowBytes = 1 << 24;

/** The rows of the table `name`, in ascending order of their ids, or in descending order. Throws SqliteDamage. */
export async function* rowsOf(
  pages: SqlitePages,
  name: string,
  isDescending = false,
): AsyncGenerator<Row, void> {
  for await (const { values } of tree(pages, 1, false)) {
    const [type, , table, root] = values;
    if (type === 'table' && table === name && typeof root === 'number')
      return yield* tree(pages, root, isDescending);
  }
  throw new SqliteDamage(`it has no table ${name}`);
}

/** The rows of a tree of pages, each after the one before it by its id. */
async function* tree(pages: SqlitePages, root: number, isDescending: boolean): AsyncGenerator<Row, void> {
  let last: number | null = null;
  for await (const row of subtree(pages, root, isDescending, 0)) {
    if (last !== null && (isDescending ? row.id >= last : row.id <= last))
      throw new SqliteDamage('its rows are out of order');
    last = row.id;
    yield row;
  }
}

async function* subtree(
  pages: SqlitePages,
  number: number,
  isDescending: boolean,
  level: number,
): AsyncGenerator<Row, void> {
  if (level > mostLevels) throw new SqliteDamage('its pages form a circle');
  const page = await pages.page(number);
  // The first page begins with the header of the file.
  const at = number === 1 ? 100 : 0;
  const type = page.getUint8(at);
  if (type !== interior && type !== leaf) throw new SqliteDamage(`its page ${number} is no page of a table`);
  const first = at + (type === interior ? 12 : 8);
  const count = page.getUint16(at + 3);
  if (first + 2 * count > pages.usable) throw new SqliteDamage(`its page ${number} is damaged`);
  const cells = Array.from({ length: count }, (_, index) => page.getUint16(first + 2 * index));
  if (cells.some((cell) => cell < first || cell + 4 > pages.usable))
    throw new SqliteDamage(`its page ${number} is damaged`);
  if (type === leaf) {
    for (const cell of isDescending ? cells.toReversed() : cells) yield await rowAt(pages, page, cell);
    return;
  }
  const children = [...cells.map((cell) => page.getUint32(cell)), page.getUint32(at + 8)];
  for (const child of isDescending ? children.toReversed() : children)
    yield* subtree(pages, child, isDescending, level + 1);
}

async function rowAt(pages: SqlitePages, page: DataView, cell: number): Promise<Row> {
  const reader = new Reader(page, cell, pages.usable);
  const length = reader.varint();
  const id = reader.varint();
  if (length < 0 || length > mostRowBytes) throw new SqliteDamage('a row is too long');
  const local = localBytes(length, pages.usable);
  const record = new Uint8Array(length);
  record.set(reader.bytes(local));
  let next = local < length ? reader.integer(4) : 0;
  for (let filled = local; filled < length; ) {
    const overflow = await pages.page(next);
    next = overflow.getUint32(0);
    const bytes = new Uint8Array(
      overflow.buffer,
      overflow.byteOffset + 4,
      Math.min(pages.usable - 4, length - filled),
    );
    record.set(bytes, filled);
    filled += bytes.length;
  }
  return { id, values: valuesOf(record) };
}

/** How many bytes of a row lie in its own page; the others are in pages of their own. */
function localBytes(length: number, usable: number): number {
  if (length <= usable - 35) return length;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const most = least + ((length - least) % (usable - 4));
  return most <= usable - 35 ? most : least;
}

function valuesOf(record: Uint8Array): Value[] {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const head = new Reader(view, 0, record.length);
  const end = head.varint();
  const body = new Reader(view, end, record.length);
  const values: Value[] = [];
  while (head.at < end) values.push(columnValue(body, head.varint()));
  return values;
}

/** The bytes of integers by their types. */
const integerBytes = [0, 1, 2, 3, 4, 6, 8];

function columnValue(body: Reader, type: number): Value {
  if (type === 0) return null;
  if (type <= 6) return body.integer(integerBytes[type] ?? 0);
  if (type === 7) return body.float();
  if (type === 8 || type === 9) return type - 8;
  if (type < 12) throw new SqliteDamage('a value has no known type');
  const bytes = body.bytes(Math.floor((type - 12) / 2));
  return type % 2 === 0 ? bytes : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** Reads big-endian numbers one after another. */
class Reader {
  at: number;
  readonly #view: DataView;
  readonly #end: number;

  constructor(view: DataView, at: number, end: number) {
    this.#view = view;
    this.at = at;
    this.#end = end;
  }

  /** Up to eight groups of seven bits, or those and eight more: a number of 64 bits with its sign. */
  varint(): number {
    let value = 0n;
    for (let index = 0; index < 9; index++) {
      const byte = this.#take(1).getUint8(0);
      value = index === 8 ? (value << 8n) | BigInt(byte) : (value << 7n) | BigInt(byte & 0x7f);
      if (byte < 0x80) break;
    }
    return whole(BigInt.asIntN(64, value));
  }

  integer(bytes: number): number {
    const view = this.#take(bytes);
    let value = 0n;
    for (let index = 0; index < bytes; index++) value = (value << 8n) | BigInt(view.getUint8(index));
    return whole(BigInt.asIntN(8 * bytes, value));
  }

  float(): number {
    return this.#take(8).getFloat64(0);
  }

  bytes(length: number): Uint8Array {
    const view = this.#take(length);
    return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  }

  #take(length: number): DataView {
    if (length < 0 || this.at + length > this.#end) throw new SqliteDamage('a row goes past its end');
    const view = new DataView(this.#view.buffer, this.#view.byteOffset + this.at, length);
    this.at += length;
    return view;
  }
}

function whole(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new SqliteDamage('a number is out of range');
  return number;
}
