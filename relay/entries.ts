import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { fromHex, type Hash, isHash } from './wire/hex.ts';
import { RefusalCode } from './wire/tapestry_pb.js';

/** What the journal's entries say, how they are written as text, and how each is chained to the one before. */

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const hash = v.pipe(v.string(), v.check(isHash, 'is not 64 lower-case hex digits'));
const key = hash;
const hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})*$/, 'is not lower-case hex digits'));
const signature = v.pipe(hex, v.length(128));
/** A float32 as its float64 value, whose shortest decimal gives back the same bits. */
const float32 = v.pipe(
  v.number(),
  v.finite(),
  v.check((value) => Object.is(Math.fround(value), value), 'is not a float32'),
);
const refusalName = v.picklist(Object.keys(RefusalCode).filter((name) => !/^\d+$/.test(name)));

/** One kind of entry: the columns that all share, and a body of its own. */
function entry<const Kind extends string, const Body extends v.ObjectEntries>(kind: Kind, body: Body) {
  return v.strictObject({
    sequence: v.pipe(count, v.minValue(1)),
    /** Milliseconds since 1970; never less than the entry before. */
    time: count,
    kind: v.literal(kind),
    body: v.strictObject(body),
    hash,
  });
}

const entrySchema = v.variant('kind', [
  /** The first entry, and only the first. */
  entry('run-created', { manifest: hex, signature }),
  /** `sqlite` is the version that writes the file from here on. Whoever was connected is so no longer. */
  entry('relay-started', { sqlite: v.pipe(v.string(), v.regex(/^\d+\.\d+\.\d+$/)) }),
  /** `nation` is an index into the manifest's nations, or null. */
  entry('node-joined', {
    key,
    host: v.picklist(['browser', 'node', 'deno']),
    nation: v.nullable(count),
  }),
  entry('node-left', { key }),
  entry('round-opened', { round: count, attempt: count, base: hash }),
  /** All of the node's Offer and who sent it, so that anyone can check its signature. */
  entry('contribution-accepted', {
    round: count,
    key,
    base: hash,
    payload: hash,
    payloadBytes: count,
    steps: count,
    tokens: count,
    trainingLoss: float32,
    heldOutLoss: float32,
    signature,
  }),
  /** Refusals since the last such entry, by code: at most one entry a round for each code, and one at its end. */
  entry('refused', { round: count, counts: v.record(refusalName, v.pipe(count, v.minValue(1))) }),
  /** `contributions` are the entries that were added, in order; `base` and `momentum` are hashes of the new vectors. */
  entry('round-committed', {
    round: count,
    contributions: v.array(count),
    tokens: count,
    base: hash,
    momentum: hash,
  }),
  entry('round-abandoned', { round: count, attempt: count, contributions: count }),
  entry('run-complete', { rounds: count, base: hash }),
]);

/** An entry whose every field is checked. */
export type Entry = v.InferOutput<typeof entrySchema>;
export type EntryKind = Entry['kind'];
export type EntryOf<Kind extends EntryKind> = Extract<Entry, { kind: Kind }>;

/** One row of the journal, as stored. `body` is canonical JSON; `previous` and `hash` are hex. */
export interface StoredEntry {
  readonly sequence: number;
  /** Milliseconds since 1970; never less than the entry before. */
  readonly time: number;
  readonly kind: string;
  readonly body: string;
  readonly previous: string;
  readonly hash: string;
}

/** Where in an entry something is wrong: `field` is a column, or a place within the body such as `body.tokens`. */
export class EntryError extends Error {
  readonly sequence: number;
  readonly field: string;

  constructor(sequence: number, field: string, problem: string) {
    super(problem);
    this.name = 'EntryError';
    this.sequence = sequence;
    this.field = field;
  }

  get place(): string {
    return `journal entry ${this.sequence}, ${this.field}`;
  }
}

/** What the first entry is chained to. */
export const noPrevious: Hash = '0'.repeat(64);

/**
 * SHA-256 over previous hash (32 bytes) || sequence || time (u64, little-endian) || kind || one zero byte || body
 * (UTF-8). No kind has a zero byte, so no two entries have the same bytes.
 */
export function hashOf(entry: Omit<StoredEntry, 'hash'>): Hash {
  const numbers = new DataView(new ArrayBuffer(16));
  numbers.setBigUint64(0, BigInt(entry.sequence), true);
  numbers.setBigUint64(8, BigInt(entry.time), true);
  return createHash('sha256')
    .update(fromHex(entry.previous))
    .update(new Uint8Array(numbers.buffer))
    .update(`${entry.kind}\0${entry.body}`, 'utf8')
    .digest('hex');
}

/** JSON in the one spelling that the journal uses. Unlike JSON.stringify it keeps the sign of zero. */
export function canonicalJson(value: unknown): string {
  if (Object.is(value, -0)) return '-0';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, item]) => `${JSON.stringify(name)}:${canonicalJson(item)}`,
  );
  return `{${members.join(',')}}`;
}

/** The entry after `previous` (null for the first), chained to it. A body that is none is a bug, and throws. */
export function nextEntry<Kind extends EntryKind>(
  previous: StoredEntry | null,
  time: number,
  kind: Kind,
  body: EntryOf<Kind>['body'],
): StoredEntry {
  const entry = {
    sequence: (previous?.sequence ?? 0) + 1,
    time,
    kind,
    body: canonicalJson(body),
    previous: previous?.hash ?? noPrevious,
  };
  return { ...entry, hash: hashOf(entry) };
}

/**
 * Checks an entry against the one before it, wholly: sequence, time, chain, kind and every field of the body.
 * Throws EntryError.
 */
export function checkEntry(stored: StoredEntry, previous: StoredEntry | null): Entry {
  const sequence = (previous?.sequence ?? 0) + 1;
  const wrong = (field: string, problem: string) => new EntryError(sequence, field, problem);
  if (stored.sequence !== sequence) throw wrong('sequence', `is ${stored.sequence}, expected ${sequence}`);
  if (stored.previous !== (previous?.hash ?? noPrevious)) {
    throw wrong('previous', 'is not the hash of the entry before');
  }
  if (!v.is(count, stored.time)) throw wrong('time', 'is not a number of milliseconds');
  if (stored.hash !== hashOf(stored)) {
    throw wrong('hash', 'is not the hash of the entry: its time, kind, body or hash was changed');
  }
  if (stored.time < (previous?.time ?? 0)) throw wrong('time', 'is before the entry before');
  let body: unknown;
  try {
    body = JSON.parse(stored.body);
  } catch {
    throw wrong('body', 'is not JSON');
  }
  const { kind, time, hash } = stored;
  const parsed = v.safeParse(entrySchema, { sequence, time, kind, body, hash });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw wrong(v.getDotPath(issue) ?? 'body', issue.message);
  }
  if (canonicalJson(parsed.output.body) !== stored.body) {
    throw wrong('body', 'is not in the one spelling that the journal uses');
  }
  return parsed.output;
}

/** An entry as one line of JSON, as `GET /journal` gives it: `body` stays the text that was hashed, and reads as JSON. */
export function lineOf(entry: StoredEntry): string {
  const { sequence, time, kind, body, previous, hash } = entry;
  const [head, tail] = [canonicalJson({ sequence, time, kind }), canonicalJson({ previous, hash })];
  return `${head.slice(0, -1)},"body":${body},${tail.slice(1)}`;
}

const lineSchema = v.strictObject({
  sequence: v.number(),
  time: v.number(),
  kind: v.string(),
  body: v.unknown(),
  previous: v.string(),
  hash: v.string(),
});

/** The entry of a line; `sequence` is the number it must have, for the error's sake. Throws EntryError. */
export function entryOfLine(line: string, sequence: number): StoredEntry {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new EntryError(sequence, 'line', 'is not JSON');
  }
  const checked = v.safeParse(lineSchema, parsed);
  if (!checked.success) throw new EntryError(sequence, 'line', 'is not a journal entry');
  const entry = { ...checked.output, body: canonicalJson(checked.output.body) };
  if (lineOf(entry) !== line) {
    throw new EntryError(sequence, 'line', 'is not in the one spelling that the journal uses');
  }
  return entry;
}
