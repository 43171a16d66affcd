import * as v from 'valibot';
import { reasons } from '../run/quality/reasons.ts';
import { hashOfBytes } from '../storage/sha256.ts';
import { partNames } from '../wire/fragments.ts';
import { fromHex, type Hash, isHash } from '../wire/hex.ts';
import { RefusalCode } from '../wire/tapestry_pb.js';

/**
 * The journal's entries: their fields, their text, and how each is chained to the one before. A body is JSON of integers,
 * strings and null only, so that every JSON reader and writer agrees on it byte for byte.
 */

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(count, v.minValue(1));
const hash = v.pipe(v.string(), v.check(isHash, 'is not 64 lower-case hex digits'));
const key = hash;
const hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})*$/, 'is not lower-case hex digits'));
const signature = v.pipe(hex, v.length(128));
const loss = v.pipe(v.string(), v.check(isLossText, 'is not a float32 in its shortest decimal'));
const refusalName = v.picklist(Object.keys(RefusalCode).filter((name) => !/^\d+$/.test(name)));

/** A signed checkpoint of the tree over all entries before this one: see relay/journal/journal-tree.ts. */
const checkpoint = v.strictObject({ root: hash, signature });

/** One kind of entry: the columns that all share, and a body of its own. */
function entry<const Kind extends string, const Body extends v.ObjectEntries>(kind: Kind, body: Body) {
  return v.strictObject({
    sequence: positive,
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
  entry('round-opened', { round: positive, attempt: positive, base: hash }),
  /**
   * The node's whole Offer, its key, and the corpus that it named when it joined (an index into the manifest's corpora,
   * or null): all that is needed to check its signature. Losses are text: see `lossText`.
   */
  entry('contribution-accepted', {
    round: positive,
    key,
    corpus: v.nullable(count),
    base: hash,
    payload: hash,
    payloadBytes: count,
    steps: count,
    tokens: count,
    trainingLoss: loss,
    heldOutLoss: loss,
    part: v.picklist(partNames),
    signature,
  }),
  /** Refusals since the last such entry, by code: at most one entry a round for each code, and one at its end. */
  entry('refused', { round: count, counts: v.record(refusalName, positive) }),
  /** The attempt accepts no more: the new base is made from its `contributions` contributions, the last one at entry `last`. */
  entry('round-closed', { round: positive, attempt: positive, contributions: positive, last: positive }),
  /**
   * What an evaluator of the manifest measured of the closed attempt: the whole Evaluation but the hash of the entry that closed it. `before` is in
   * the order of the contributions that are scored. The relay writes them before the commit, and only if they are enough to decide.
   */
  entry('evaluation-accepted', {
    round: positive,
    attempt: positive,
    key,
    after: loss,
    before: v.pipe(v.array(loss), v.minLength(1), v.maxLength(64)),
    signature,
  }),
  /**
   * `state` is the hashes of the new base and of the vectors of the outer optimizer and the downlink. `delta` is that of the payload
   * that leads from the base before to the new one; null where nodes download each base whole. `excluded` is the sequences of the contributions
   * that the merge rule left out, ascending. `scores` is what was measured of single contributions, by the relay or by the evaluators: the loss on the probe without the contribution and with
   * it. `weighed` is the contributions that count for fewer tokens than they claim, or for none, and why. Both
   * are in the order of the sequences, and empty where the manifest has no such rules. `norm` is the median L2 norm of the contributions in units, rounded up. `loss` is the new base's on the probe, as the relay measured it; null without a
   * guard. The other fields repeat the attempt's totals.
   */
  entry('round-committed', {
    round: positive,
    contributions: positive,
    last: positive,
    tokens: positive,
    norm: count,
    excluded: v.array(positive),
    scores: v.array(v.strictObject({ sequence: positive, before: loss, after: loss })),
    weighed: v.array(v.strictObject({ sequence: positive, tokens: count, reason: v.picklist(reasons) })),
    state: v.pipe(v.array(hash), v.minLength(1), v.maxLength(8)),
    delta: v.nullable(hash),
    loss: v.nullable(loss),
    checkpoint,
  }),
  /** `loss` is that of a base that the guard did not allow; null for an attempt with too few contributions. */
  entry('round-abandoned', {
    round: positive,
    attempt: positive,
    contributions: count,
    loss: v.nullable(loss),
  }),
  /**
   * A command of the run's presenter, before `round` is committed: `start` lets rounds open, `pause` lets the open one finish and no
   * other open, `extend` moves the end of the open one, `remove` refuses a node from now on, and `end` ends the run with the
   * open round. `node` is the key of the removed node.
   */
  entry('presented', {
    round: positive,
    action: v.picklist(['start', 'pause', 'extend', 'remove', 'end']),
    node: v.nullable(key),
  }),
  /**
   * Between two rounds, the run took the base that `round` rounds of the upstream run made. Its bytes are a blob of this run. The
   * vectors of the outer optimizer stay as they are. Only in a run whose manifest names an upstream run.
   */
  entry('upstream-adopted', { round: count, base: hash }),
  /**
   * The same in a run that does not wait: `upstream` is the base that `round` rounds of the upstream run made, and holds the first `through`
   * rounds of this run. `base` is what relay/run/upstream/mixed-base.ts makes of it, and `reference` that from which later work is sent up.
   */
  entry('upstream-mixed', { round: count, upstream: hash, through: count, reference: hash, base: hash }),
  entry('run-complete', { rounds: count, base: hash, checkpoint }),
]);

/** An entry whose every field is checked. */
export type Entry = v.InferOutput<typeof entrySchema>;
export type EntryKind = Entry['kind'];
export type EntryOf<Kind extends EntryKind> = Extract<Entry, { kind: Kind }>;

/** An entry that is still to be appended. */
export type Draft = { [Kind in EntryKind]: Pick<EntryOf<Kind>, 'kind' | 'body'> }[EntryKind];

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

/**
 * What is wrong with an entry: it has not the form of its kind; it was changed, or does not follow the entry before; it breaks a rule of
 * the run; a signature in it is not by whom it should be; it says something else than the contributions give; its payload is no delta
 * of the run; or it is not of the run that was expected.
 */
export type EntryFault = 'form' | 'chain' | 'rule' | 'signature' | 'derived' | 'payload' | 'expected';

/** An invalid entry: `field` names the column, or the place within the body such as `body.tokens`. */
export class EntryError extends Error {
  readonly sequence: number;
  readonly field: string;
  readonly fault: EntryFault;

  constructor(sequence: number, field: string, problem: string, fault: EntryFault = 'rule') {
    super(problem);
    this.name = 'EntryError';
    this.sequence = sequence;
    this.field = field;
    this.fault = fault;
  }

  get place(): string {
    return `journal entry ${this.sequence}, ${this.field}`;
  }
}

/** The `previous` of the first entry. */
export const noPrevious: Hash = '0'.repeat(64);

/**
 * SHA-256 over 0x00 || previous hash (32 bytes) || sequence || time (u64, little-endian) || kind || one zero byte || body
 * (UTF-8). No kind has a zero byte, so no two entries have the same bytes. The leading 0x00 makes
 * it a leaf hash of RFC 6962: these hashes are the leaves of the journal's Merkle tree.
 */
export function entryHash(entry: Omit<StoredEntry, 'hash'>): Hash {
  const numbers = new DataView(new ArrayBuffer(16));
  numbers.setBigUint64(0, BigInt(entry.sequence), true);
  numbers.setBigUint64(8, BigInt(entry.time), true);
  const content = new TextEncoder().encode(`${entry.kind}\0${entry.body}`);
  return hashOfBytes(Uint8Array.of(0), fromHex(entry.previous), new Uint8Array(numbers.buffer), content);
}

/**
 * The shortest decimal (1 to 9 significant digits) that gives the same float32 when read as a float64 and rounded to
 * float32, written as ECMAScript writes numbers: "2.3", "1e-7", "-0". Throws RangeError for any other number.
 */
export function lossText(value: number): string {
  if (Object.is(value, -0)) return '-0';
  for (let digits = 1; digits <= 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Object.is(Math.fround(Number(text)), value) && Number.isFinite(value)) return text;
  }
  throw new RangeError(`${value} is not a finite float32`);
}

/** The float32 of a loss in an entry. */
export function lossOf(text: string): number {
  return Math.fround(Number(text));
}

function isLossText(text: string): boolean {
  const value = lossOf(text);
  return Number.isFinite(value) && lossText(value) === text;
}

/** The entry after `previous` (null for the first), chained to it. Throws EntryError for a body that is not of its kind. */
export function nextEntry(previous: StoredEntry | null, now: number, { kind, body }: Draft): StoredEntry {
  const entry = {
    sequence: (previous?.sequence ?? 0) + 1,
    time: Math.max(previous?.time ?? 0, Math.floor(now)),
    kind,
    body: JSON.stringify(body),
    previous: previous?.hash ?? noPrevious,
  };
  return { ...entry, hash: entryHash(entry) };
}

/**
 * Checks an entry completely, against the one before it: sequence, time, chain, kind and every field of the body.
 * Throws EntryError.
 */
export function checkEntry(stored: StoredEntry, previous: StoredEntry | null): Entry {
  const sequence = (previous?.sequence ?? 0) + 1;
  const wrong = (field: string, problem: string, fault: EntryFault = 'chain') =>
    new EntryError(sequence, field, problem, fault);
  if (stored.sequence !== sequence) throw wrong('sequence', `is ${stored.sequence}, expected ${sequence}`);
  if (stored.previous !== (previous?.hash ?? noPrevious)) {
    throw wrong('previous', 'is not the hash of the entry before');
  }
  if (!v.is(count, stored.time)) throw wrong('time', 'is not a number of milliseconds', 'form');
  if (stored.hash !== entryHash(stored)) {
    throw wrong('hash', 'is not the hash of the entry: its time, kind, body or hash was changed');
  }
  if (stored.time < (previous?.time ?? 0)) throw wrong('time', 'is earlier than that of the entry before');
  let body: unknown;
  try {
    body = JSON.parse(stored.body);
  } catch {
    throw wrong('body', 'is not JSON', 'form');
  }
  const { kind, time, hash } = stored;
  const parsed = v.safeParse(entrySchema, { sequence, time, kind, body, hash });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw wrong(v.getDotPath(issue) ?? 'body', issue.message, 'form');
  }
  if (JSON.stringify(parsed.output.body) !== stored.body) {
    throw wrong('body', 'is not in the one spelling that the journal uses', 'form');
  }
  return parsed.output;
}

/** The entry of a row that was checked before, so that only its form is read again. Throws EntryError. */
export function appliedEntry({ sequence, time, kind, body, hash }: StoredEntry): Entry {
  const parsed = v.safeParse(entrySchema, { sequence, time, kind, body: JSON.parse(body), hash });
  if (parsed.success) return parsed.output;
  throw new EntryError(sequence, 'body', parsed.issues[0].message, 'form');
}

/** An entry as one line of JSON, as `GET /journal` gives it: `body` stays the text that was hashed, and reads as JSON. */
export function lineOf(entry: StoredEntry): string {
  const { sequence, time, kind, body, previous, hash } = entry;
  const [head, tail] = [JSON.stringify({ sequence, time, kind }), JSON.stringify({ previous, hash })];
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

/** The entry of a line; `sequence` is the number that an error names. Throws EntryError. */
export function entryOfLine(line: string, sequence: number): StoredEntry {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new EntryError(sequence, 'line', 'is not JSON', 'form');
  }
  const checked = v.safeParse(lineSchema, parsed);
  if (!checked.success) throw new EntryError(sequence, 'line', 'is not a journal entry', 'form');
  const entry = { ...checked.output, body: JSON.stringify(checked.output.body) };
  if (lineOf(entry) !== line) {
    throw new EntryError(sequence, 'line', 'is not in the one spelling that the journal uses', 'form');
  }
  return entry;
}
