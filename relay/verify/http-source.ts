import { clock as systemClock } from '../../client/clock.ts';
import { TapestryError } from '../../client/errors.ts';
import {
  type Answer,
  Compressed,
  type Fetch,
  firstBytes,
  type GetOptions,
  RelayHttp,
  Stalled,
  TooSlow,
} from '../../client/relay-http.ts';
import { entryOfLine, type StoredEntry } from '../journal/entry.ts';
import { headOf, maxCheckpointBytes } from '../wire/checkpoint.ts';
import { authorizationOf, nonceOf, type ReaderSecret } from '../wire/reader-proof.ts';
import type { Kept } from './kept.ts';
import { Problems } from './problems.ts';
import { type VerifySource, wholeBlob } from './source.ts';

/** The longest line of a journal that is read: enough for a manifest of 64 KiB in hex. */
const maxLineBytes = 1 << 20;

/** The largest blob that is read unless the caller says otherwise: a base of 2^28 parameters. */
const maxBlobBytes = 2 ** 30;

/** The most that is waited for one answer of a relay that is at a limit, in milliseconds. */
const longestWait = 120_000;

export interface RelaySourceOptions {
  /** The caller passes its own to pin a certificate. */
  readonly fetch?: Fetch;
  readonly clock?: typeof systemClock;
  /** Proves that the reader may read single contributions, if the manifest restricts them. */
  readonly secret?: ReaderSecret;
  /** The largest blob that is read, in bytes: `maxBlobBytes` by default. */
  readonly mostBlobBytes?: number;
}

/** A relay whose journal can be followed while it grows. */
export interface RelaySource extends VerifySource {
  /** The entries after this sequence that the relay has now; they are not checked. Throws as `relaySource` says. */
  after(sequence: number): AsyncIterable<StoredEntry>;
}

type Get = (path: string, options?: Partial<GetOptions>) => Promise<Answer>;

/**
 * A relay as `verifyRun` reads it: GET /journal, /blobs and /checkpoint below `relay`, whose path ends in a slash. An
 * answer that is an error, breaks off or stalls is a fault of the relay or the network and throws TapestryError: `relay.fault`,
 * `relay.closed-to-readers`, `relay.cut-off` or `relay.unreachable`. It is never taken for a change of the run.
 */
export function relaySource(
  relay: URL,
  {
    fetch: given = unredirected,
    clock = systemClock,
    secret,
    mostBlobBytes = maxBlobBytes,
  }: RelaySourceOptions = {},
): RelaySource {
  const http = new RelayHttp({ fetch: given }, clock, relay);
  const once: Get = async (path, options = {}) => {
    try {
      // A reader takes as much of a body as it expects, and gives the rest up.
      return explained(http.url(path), await http.get(path, { most: Number.POSITIVE_INFINITY, ...options }));
    } catch (cause) {
      throw asUnreachable(http.url(path), cause);
    }
  };
  const plain: Get = async (path, options = {}) => {
    for (let waited = 0; ; ) {
      const answer = await once(path, options);
      const wait = retryAfter(answer);
      if (wait === null || waited + wait > longestWait) return answer;
      answer.cancel();
      waited += wait;
      await clock.sleep(wait, options.signal);
    }
  };
  const get = secret === undefined ? plain : proving(plain, secret);
  const blob: VerifySource['blob'] = async (hash, length, signal) => {
    const url = http.url(`blobs/${hash}`);
    if (length > mostBlobBytes) throw tooLarge(url, length, mostBlobBytes);
    const response = await get(`blobs/${hash}`, signal === undefined ? {} : { signal });
    // The relay answers this for the payload of its open round.
    if (response.status === 409) {
      response.cancel();
      return 'withheld';
    }
    const blob = answered(url, response);
    return blob === null ? null : firstBytes(blob.pieces, length + 1);
  };
  const published: Kept[] = [];
  const checkpoint = async () => {
    const response = answered(http.url('checkpoint'), await get('checkpoint'));
    return response === null ? null : await firstBytes(response.pieces, maxCheckpointBytes + 1);
  };
  return {
    async *journal() {
      // The checkpoint comes first: the journal that is read after it has at least its entries.
      const bytes = await checkpoint();
      if (bytes !== null) published.push({ kind: 'checkpoint', place: http.url('checkpoint').href, bytes });
      let entries = 0;
      for await (const entry of journalOf(relay, get)) {
        entries++;
        yield entry;
      }
      const size = bytes === null ? 0 : (headOf(bytes)?.size ?? 0);
      if (entries < size)
        throw cutOff(relay, `it gave ${entries} entries, but its checkpoint covers ${size}`);
    },
    async committed() {
      const head = headOf((await checkpoint()) ?? new Uint8Array());
      if (head === null) return 0;
      // The newest checkpoint is that of the entry after those that it covers: a commit, or the run's end.
      for await (const { kind, body } of journalOf(relay, get, head.size)) {
        const round = /"rounds?":(\d{1,15})/.exec(body)?.[1];
        return kind === 'round-committed' || kind === 'run-complete' ? Number(round ?? 0) : 0;
      }
      return 0;
    },
    after: (sequence) => journalOf(relay, get, sequence),
    published: () => published,
    blob,
    async *rest(replay, isWhole) {
      if (replay === null || !isWhole || replay.committed === 0) return;
      const problems = new Problems();
      await wholeBlob({ blob }, replay.base, replay.run.manifest.model.parameters * 4, problems);
      yield* problems.list;
    },
  };
}

/** The entries after `after`. */
async function* journalOf(relay: URL, get: Get, after = 0): AsyncGenerator<StoredEntry> {
  const path = after === 0 ? 'journal' : `journal?after=${after}`;
  const response = answered(new URL(path, relay), await get(path));
  if (response === null) throw unreachable(relay, 'it has no journal');
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let rest = '';
  let sequence = after + 1;
  for await (const bytes of response.pieces) {
    const text = decoder.decode(bytes, { stream: true });
    if (rest.length + text.length > maxLineBytes && !text.includes('\n'))
      throw unreachable(relay, 'a line of its journal does not end');
    // A line that comes in many small pieces is not searched again for each of them.
    const lines = text.includes('\n') ? (rest + text).split('\n') : [rest + text];
    rest = lines.pop() ?? '';
    for (const line of lines) yield entryOfLine(line, sequence++);
  }
  if (rest !== '') throw cutOff(relay, 'its journal ended in the middle of a line');
}

/** Answers the relay's challenge, and reuses the nonce for the next requests until it expires. */
function proving(get: Get, secret: ReaderSecret): Get {
  let headers: Record<string, string> | null = null;
  return async (path, options = {}) => {
    const first = await get(path, headers === null ? options : { ...options, headers });
    const nonce = first.status === 401 ? nonceOf(first.headers.get('www-authenticate')) : null;
    if (nonce === null) return first;
    first.cancel();
    headers = { authorization: await authorizationOf(secret, nonce) };
    return get(path, { ...options, headers });
  };
}

/** The milliseconds after which a relay that is at a limit wants to be asked again; null for any other answer. */
function retryAfter({ status, headers }: Answer): number | null {
  const seconds = /^\d{1,3}$/.exec(headers.get('retry-after') ?? '')?.[0];
  return (status === 429 || status === 503) && seconds !== undefined
    ? 1000 * Math.max(1, Number(seconds))
    : null;
}

/** The default of a caller without connections of its own. */
const unredirected: Fetch = (url, init = {}) => fetch(url, { ...init, redirect: 'error' });

/** An answer with status 200; null for 404. */
function answered(url: URL, answer: Answer): Answer | null {
  if (answer.status === 200) return answer;
  answer.cancel();
  if (answer.status === 404) return null;
  throw refusal(url, answer.status);
}

function asUnreachable(url: URL, cause: unknown): TapestryError {
  if (cause instanceof TapestryError) return cause;
  if (cause instanceof Stalled) return cutOff(url, cause.message, cause);
  if (cause instanceof Compressed) return compressed(url, cause);
  return unreachable(url, cause instanceof Error ? cause.message : String(cause), cause);
}

function refusal(url: URL, status: number): TapestryError {
  const told = `${url} answered ${status}.`;
  if (status === 401 || status === 403) {
    return new TapestryError(
      'relay.closed-to-readers',
      `${told} The run's manifest says who may read contributions.`,
      'Pass --token TOKEN as a member or --auditor-key FILE as its auditor, or verify a copy of the relay’s folder.',
    );
  }
  if (status >= 500 || status === 429) {
    return new TapestryError(
      'relay.fault',
      `${told} This is a fault of the relay or of a proxy before it, and says nothing about the run.`,
      'Run the same command again later. If the error persists, tell the relay’s operator.',
    );
  }
  return unreachable(url, `it answered ${status}`);
}

/** The same answer; `relay.cut-off` if its body breaks off, stalls or comes too slowly. */
function explained(url: URL, answer: Answer): Answer {
  async function* pieces() {
    try {
      yield* answer.pieces;
    } catch (cause) {
      if (cause instanceof TapestryError) throw cause;
      const isSlow = cause instanceof Stalled || cause instanceof TooSlow;
      throw cutOff(url, isSlow ? cause.message : 'its answer broke off', cause);
    }
  }
  return { ...answer, pieces: pieces() };
}

function cutOff(url: URL, why: string, cause?: unknown): TapestryError {
  return new TapestryError(
    'relay.cut-off',
    `${url}: ${why}. An answer that is cut off says nothing about the run.`,
    'Run the same command again.',
    { cause },
  );
}

function tooLarge(url: URL, length: number, most: number): TapestryError {
  return new TapestryError(
    'relay.blob-too-large',
    `${url} would have ${length} bytes; at most ${most} are read.`,
    'If the run has so large a model, raise the limit: --largest-model PARAMETERS.',
  );
}

function compressed(url: URL, cause: Compressed): TapestryError {
  return new TapestryError(
    'relay.compressed',
    `${url}: ${cause.message}.`,
    'Read the relay without the proxy, or ask its operator to turn compression off.',
    { cause },
  );
}

function unreachable(relay: URL, why: string, cause?: unknown): TapestryError {
  return new TapestryError(
    'relay.unreachable',
    `${relay}: ${why}`,
    'Check the address, and that the relay is running.',
    { cause },
  );
}
