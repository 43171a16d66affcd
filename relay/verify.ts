import { exceedsNorm, WeightedSum } from './aggregate.ts';
import { checkEntry, type Entry, EntryError, type EntryOf, type StoredEntry } from './entries.ts';
import { nesterovStep } from './outer.ts';
import { type AcceptedContribution, offerOf, Replay } from './replay.ts';
import { bytesOfVector, hashOfBytes, vectorOfBytes } from './store.ts';
import { decodeDense } from './wire/dense.ts';
import { fromHex, type Hash, toHex } from './wire/hex.ts';
import { manifestSignedBytes, offerBytes, verifySignature } from './wire/signed.ts';

/** Something that is not as it was written, and exactly where: a journal entry and its field, or a file and its byte. */
export interface Problem {
  readonly place: string;
  readonly problem: string;
}

/** Where a run is read from: a folder (`folderSource`) or a relay (`relaySource`). */
export interface VerifySource {
  /** The journal's entries in order, as they are stored. Throws EntryError where no further one can be read. */
  journal(): AsyncIterable<StoredEntry> | Iterable<StoredEntry>;
  /** A blob's bytes whatever they hash to, up to one more than `length`; null when there is none. */
  blob(hash: Hash, length: number): Promise<Uint8Array | null>;
  /** What else there is to check beside journal and blobs that it names; called once those are read. */
  rest(replay: Replay | null): AsyncIterable<Problem>;
}

export interface VerifyProgress {
  /** Rounds whose base was derived again, bit for bit, of those the manifest plans. */
  readonly round: number;
  readonly rounds: number;
}

export interface VerifyReport {
  /** Null where not even the manifest can be read. */
  readonly run: Hash | null;
  /** Rounds whose base was derived again. */
  readonly rounds: number;
  readonly entries: number;
  readonly contributions: number;
  /** The last base that was derived; null where there is none. */
  readonly base: Hash | null;
  /** Empty when all is as it was written. */
  readonly problems: readonly Problem[];
}

/**
 * Checks a run wholly: the journal's chain and sense, the manifest's signature, each offer's signature, each payload's
 * hash, grid and norm; and derives every base from the initial one again, bit for bit. Trusts nothing that it reads
 * but the journal's first entry. Memory is that of one relay: O(parameters).
 */
export async function* verifyRun(source: VerifySource): AsyncGenerator<VerifyProgress, VerifyReport> {
  const problems: Problem[] = [];
  const note = (error: unknown) => {
    if (!(error instanceof EntryError)) throw error;
    problems.push({ place: error.place, problem: error.message });
  };
  let previous: StoredEntry | null = null;
  let check: RunCheck | null = null;
  let trusted = true;
  try {
    for await (const stored of source.journal()) {
      let entry: Entry | null = null;
      try {
        entry = checkEntry(stored, previous);
      } catch (error) {
        // The chain is checked to its end; what follows a broken link is not taken for what the relay said.
        note(error);
        trusted = false;
      }
      previous = stored;
      if (entry === null || !trusted) continue;
      try {
        if (check === null) check = await RunCheck.begin(source, entry, problems);
        else await check.apply(entry);
      } catch (error) {
        note(error);
        trusted = false;
      }
      if (entry.kind === 'round-committed' && check !== null) yield check.progress;
    }
  } catch (error) {
    note(error);
  }
  if (previous === null) problems.push({ place: 'journal', problem: 'has no entry' });
  for await (const problem of source.rest(check?.replay ?? null)) problems.push(problem);
  return {
    run: check?.replay.run.id ?? null,
    rounds: check?.derived ?? 0,
    entries: previous?.sequence ?? 0,
    contributions: check?.replay.totals.contributions ?? 0,
    base: check?.base ?? null,
    problems,
  };
}

/** The blob's path in a run's folder, which also names it at a relay. */
export function blobPlace(hash: Hash): string {
  return `blobs/${hash.slice(0, 2)}/${hash}`;
}

/** Follows the journal with vectors and sums of its own. */
class RunCheck {
  readonly replay: Replay;
  /** Rounds derived so far; stays where a problem made the next base underivable. */
  derived = 0;
  base: Hash;
  readonly #source: VerifySource;
  readonly #problems: Problem[];
  readonly #sum: WeightedSum;
  #vector: Float32Array<ArrayBuffer> | null;
  #momentum: Float32Array<ArrayBuffer>;

  private constructor(
    source: VerifySource,
    replay: Replay,
    initialBase: Float32Array<ArrayBuffer> | null,
    problems: Problem[],
  ) {
    const { parameters } = replay.run.manifest.model;
    this.replay = replay;
    this.base = replay.base;
    this.#source = source;
    this.#problems = problems;
    this.#sum = new WeightedSum(parameters);
    this.#vector = initialBase;
    this.#momentum = new Float32Array(parameters);
  }

  static async begin(source: VerifySource, entry: Entry, problems: Problem[]): Promise<RunCheck> {
    const replay = Replay.begin(entry);
    const { manifest, manifestBytes, manifestSignature } = replay.run;
    const signed = manifestSignedBytes(manifestBytes);
    if (!(await verifySignature(manifest.relayKey, signed, manifestSignature))) {
      throw new EntryError(entry.sequence, 'body.signature', 'is not the relay’s signature of the manifest');
    }
    const length = manifest.model.parameters * 4;
    const bytes = await wholeBlob(source, toHex(manifest.initialBase), length, problems);
    const vector = bytes === null ? null : vectorOfBytes(bytes, manifest.model.parameters);
    if (bytes !== null && vector === null) {
      throw new EntryError(
        entry.sequence,
        'body.manifest',
        'names an initial base that is not finite float32',
      );
    }
    return new RunCheck(source, replay, vector, problems);
  }

  get progress(): VerifyProgress {
    return { round: this.derived, rounds: this.replay.run.manifest.strategy.rounds };
  }

  async apply(entry: Entry): Promise<void> {
    this.replay.apply(entry);
    if (entry.kind === 'contribution-accepted') await this.#add(entry);
    if (entry.kind === 'round-abandoned') this.#sum.reset();
    if (entry.kind === 'round-committed') this.#commit(entry);
  }

  /** Checks a contribution as the relay did when it came, and adds it. */
  async #add(entry: AcceptedContribution): Promise<void> {
    const { manifest, codec, id } = this.replay.run;
    const { body } = entry;
    const offer = offerOf(entry);
    if (!(await verifySignature(fromHex(body.key), offerBytes(fromHex(id), offer), offer.signature))) {
      throw new EntryError(entry.sequence, 'body.signature', 'is not the node’s signature of its offer');
    }
    const bytes = await wholeBlob(this.#source, body.payload, body.payloadBytes, this.#problems);
    if (bytes === null) {
      this.#vector = null;
      return;
    }
    let integers: Int32Array;
    try {
      integers = decodeDense(bytes, manifest.model.parameters, codec);
    } catch (error) {
      throw new EntryError(
        entry.sequence,
        'body.payload',
        error instanceof Error ? error.message : String(error),
      );
    }
    if (exceedsNorm(integers, codec)) {
      throw new EntryError(entry.sequence, 'body.payload', 'is longer than the manifest’s clip norm');
    }
    this.#sum.add(integers, body.tokens);
  }

  #commit(entry: EntryOf<'round-committed'>): void {
    if (this.#vector === null) return;
    const { codec, manifest } = this.replay.run;
    const next = nesterovStep(this.#vector, this.#momentum, this.#sum.mean(codec), manifest.strategy);
    const hashes = {
      base: hashOfBytes(bytesOfVector(next.base)),
      momentum: hashOfBytes(bytesOfVector(next.momentum)),
    };
    for (const field of ['base', 'momentum'] as const) {
      if (hashes[field] !== entry.body[field]) {
        this.#vector = null;
        throw new EntryError(
          entry.sequence,
          `body.${field}`,
          `is not what the contributions give: ${hashes[field]}`,
        );
      }
    }
    this.#vector = next.base;
    this.#momentum = next.momentum;
    this.#sum.reset();
    this.base = hashes.base;
    this.derived++;
  }
}

/** A blob that has its hash; otherwise null, and a problem that names it. */
export async function wholeBlob(
  source: Pick<VerifySource, 'blob'>,
  hash: Hash,
  length: number,
  problems: Problem[],
): Promise<Uint8Array | null> {
  const bytes = await source.blob(hash, length);
  if (bytes !== null && hashOfBytes(bytes) === hash) return bytes;
  problems.push({
    place: blobPlace(hash),
    problem: bytes === null ? 'is missing' : 'was changed: its bytes do not have the hash that names it',
  });
  return null;
}
