import type { Problem } from './verify.ts';

/**
 * The write-ahead log of an SQLite database (https://www.sqlite.org/fileformat2.html#the_write_ahead_log), read for
 * itself and not through SQLite, which would take a damaged frame for the log's end and say nothing.
 */

const headerBytes = 32;
const frameHeaderBytes = 24;

/** The database as it is with the log's committed transactions, and what is wrong with the log. */
export function withLog(
  database: Uint8Array<ArrayBuffer>,
  log: Uint8Array<ArrayBuffer>,
): { database: Uint8Array<ArrayBuffer>; problems: Problem[] } {
  const problems: Problem[] = [];
  const wrong = (at: number, problem: string) =>
    problems.push({ place: `journal.sqlite-wal, byte ${at}`, problem });
  const unchanged = { database, problems };
  if (log.length < headerBytes) return unchanged;
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  const magic = view.getUint32(0);
  const pageSize = view.getUint32(8);
  const littleEndian = magic === 0x377f0682;
  let sums: Checksum = checksum(view, 0, 24, [0, 0], littleEndian);
  const headerHolds =
    (littleEndian || magic === 0x377f0683) &&
    view.getUint32(4) === 3_007_000 &&
    sums[0] === view.getUint32(24) &&
    sums[1] === view.getUint32(28);
  if (!headerHolds) {
    wrong(0, 'the header was changed: its checksum does not hold');
    return unchanged;
  }

  const frameBytes = frameHeaderBytes + pageSize;
  const pages = new Map<number, number>();
  let committed: { pages: Map<number, number>; size: number } | null = null;
  for (let at = headerBytes; at + frameBytes <= log.length; at += frameBytes) {
    const salts = [8, 12].filter((place) => view.getUint32(at + place) === view.getUint32(place + 8));
    // Frames from before the log was last begun anew: both salts are other ones. They are not part of the journal.
    if (salts.length === 0) break;
    sums = checksum(view, at, 8, sums, littleEndian);
    sums = checksum(view, at + frameHeaderBytes, pageSize, sums, littleEndian);
    if (salts.length < 2 || sums[0] !== view.getUint32(at + 16) || sums[1] !== view.getUint32(at + 20)) {
      wrong(at, 'this frame was changed, or half written: its checksum does not hold');
      break;
    }
    pages.set(view.getUint32(at), at + frameHeaderBytes);
    const size = view.getUint32(at + 4);
    if (size > 0) committed = { pages: new Map(pages), size };
  }
  if (committed === null) return unchanged;

  const merged = new Uint8Array(committed.size * pageSize);
  merged.set(database.subarray(0, merged.length));
  for (const [page, at] of committed.pages) {
    if (page <= committed.size) merged.set(log.subarray(at, at + pageSize), (page - 1) * pageSize);
  }
  return { database: merged, problems };
}

type Checksum = readonly [number, number];

/** The log's running checksum over pairs of 32-bit words. */
function checksum(
  view: DataView,
  at: number,
  bytes: number,
  from: Checksum,
  littleEndian: boolean,
): Checksum {
  let [first, second] = from;
  for (let place = at; place < at + bytes; place += 8) {
    first = (first + view.getUint32(place, littleEndian) + second) >>> 0;
    second = (second + view.getUint32(place + 4, littleEndian) + first) >>> 0;
  }
  return [first, second];
}
