/** Bytes that are read by ranges, such as a file that a person gave to a page. */
export type Bytes = Pick<Blob, 'size' | 'slice'>;

/** A file that is no database of SQLite, or a damaged one. */
export class SqliteDamage extends Error {}

const magic = 'SQLite format 3\0';
const leastPage = 512;

/** Bytes of the database that are read at a time: rows that follow each other lie mostly in pages that do. */
const windowBytes = 1 << 20;

/** The frames of a write-ahead log begin after a header, and each has one of its own. */
const logHeader = 32;
const frameHeader = 24;
const logMagic = 0x377f0682;

/**
 * The pages of a database of SQLite (sqlite.org/fileformat2.html), those of its write-ahead log in place of older ones. Pages of a
 * browser have no SQLite; this reads what it writes, and needs little memory.
 */
export class SqlitePages {
  readonly size: number;
  /** Bytes of a page that hold content. */
  readonly usable: number;
  /** The database's pages. */
  readonly count: number;
  readonly #file: Bytes;
  readonly #log: Bytes | null;
  /** Where the log has the newest content of a page. */
  readonly #logged: ReadonlyMap<number, number>;
  #window: { readonly start: number; readonly bytes: Uint8Array } = { start: 0, bytes: new Uint8Array() };

  private constructor(file: Bytes, log: Bytes | null, { logged, count }: Logged, head: DataView) {
    this.#file = file;
    this.#log = log;
    this.#logged = logged;
    const size = head.getUint16(16);
    this.size = size === 1 ? 65_536 : size;
    this.usable = this.size - head.getUint8(20);
    this.count = count ?? Math.floor(file.size / this.size);
  }

  /** Throws SqliteDamage. */
  static async open(file: Bytes, log: Bytes | null): Promise<SqlitePages> {
    const logged = log === null ? { logged: new Map(), count: null } : await readLog(log);
    const first = logged.logged.get(1);
    const bytes =
      first === undefined || log === null ? await part(file, 0, 100) : await part(log, first, 100);
    const head = viewOf(bytes);
    if (bytes.length < 100 || new TextDecoder().decode(bytes.subarray(0, 16)) !== magic)
      throw new SqliteDamage('it is no database of SQLite');
    if (head.getUint32(56) !== 1) throw new SqliteDamage('its text is not UTF-8');
    const pages = new SqlitePages(file, log, logged, head);
    const isPower = (pages.size & (pages.size - 1)) === 0;
    if (pages.size < leastPage || !isPower || pages.usable < 480)
      throw new SqliteDamage('its pages have no possible size');
    return pages;
  }

  /** A page, from 1. Throws SqliteDamage for one that there is not. */
  async page(number: number): Promise<DataView> {
    if (number < 1 || number > this.count) throw new SqliteDamage(`it has no page ${number}`);
    const logged = this.#logged.get(number);
    const bytes =
      logged === undefined || this.#log === null
        ? await this.#read((number - 1) * this.size)
        : await part(this.#log, logged, this.size);
    if (bytes.length < this.size) throw new SqliteDamage(`its page ${number} is cut off`);
    return viewOf(bytes);
  }

  async #read(at: number): Promise<Uint8Array> {
    const { start, bytes } = this.#window;
    if (at < start || at + this.size > start + bytes.length)
      this.#window = { start: at, bytes: await part(this.#file, at, Math.max(windowBytes, this.size)) };
    return this.#window.bytes.subarray(at - this.#window.start).subarray(0, this.size);
  }
}

interface Logged {
  readonly logged: ReadonlyMap<number, number>;
  /** Pages of the database after the last commit; null where the log has none. */
  readonly count: number | null;
}

/** The frames up to the log's last whole commit. What a crash left after it does not count. */
async function readLog(log: Bytes): Promise<Logged> {
  const none: Logged = { logged: new Map(), count: null };
  const head = viewOf(await part(log, 0, logHeader));
  if (head.byteLength < logHeader) return none;
  const isLittle = head.getUint32(0) === logMagic;
  if (!isLittle && head.getUint32(0) !== logMagic + 1) return none;
  const size = head.getUint32(8);
  const salts = [head.getUint32(16), head.getUint32(20)];
  let sum = summed([0, 0], head, 0, 24, isLittle);
  if (size < leastPage || !isSum(head, 24, sum)) return none;
  const logged = new Map<number, number>();
  const pending = new Map<number, number>();
  let count: number | null = null;
  for (let at = logHeader; at + frameHeader + size <= log.size; at += frameHeader + size) {
    const frame = viewOf(await part(log, at, frameHeader + size));
    if (frame.getUint32(8) !== salts[0] || frame.getUint32(12) !== salts[1]) break;
    sum = summed(summed(sum, frame, 0, 8, isLittle), frame, frameHeader, frameHeader + size, isLittle);
    if (!isSum(frame, 16, sum)) break;
    pending.set(frame.getUint32(0), at + frameHeader);
    const pages = frame.getUint32(4);
    if (pages === 0) continue;
    for (const [page, place] of pending) logged.set(page, place);
    pending.clear();
    count = pages;
  }
  return { logged, count };
}

type Sum = readonly [number, number];

function summed([first, second]: Sum, view: DataView, start: number, end: number, isLittle: boolean): Sum {
  for (let at = start; at < end; at += 8) {
    first = (first + view.getUint32(at, isLittle) + second) >>> 0;
    second = (second + view.getUint32(at + 4, isLittle) + first) >>> 0;
  }
  return [first, second];
}

function isSum(view: DataView, at: number, [first, second]: Sum): boolean {
  return view.getUint32(at) === first && view.getUint32(at + 4) === second;
}

async function part(file: Bytes, start: number, length: number): Promise<Uint8Array> {
  return new Uint8Array(await file.slice(start, start + length).arrayBuffer());
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
