import { checkEntry, type Entry, EntryError, type StoredEntry } from '../journal/entry.ts';
import { headOf } from '../wire/checkpoint.ts';
import type { ForkProof } from '../wire/evidence/fork-proof.ts';
import { fromHex, type Hash, toHex } from '../wire/hex.ts';
import type { CheckedPoint } from './checked-point.ts';
import { forkProofOf } from './fork.ts';
import { type Kept, KeptEvidence } from './kept.ts';
import { entryProblem, type Problem, Problems } from './problems.ts';
import { ReadAhead } from './read-ahead.ts';
import { RunCheck } from './run-check.ts';
import type { VerifySource } from './source.ts';

export interface VerifyProgress {
  /** Rounds whose base was derived again, bit for bit, and the number that the manifest plans. */
  readonly round: number;
  readonly rounds: number;
  /** The first round whose base is derived again. */
  readonly from: number;
  /** To resume from here, if no problem was found so far; null where the source keeps no state to go on from. */
  readonly point: CheckedPoint | null;
}

export interface VerifyReport {
  /** Null if the manifest cannot be read. */
  readonly run: Hash | null;
  /** The public key of the relay that the manifest names. */
  readonly relayKey: Hash | null;
  /** Rounds whose base was derived again, and the first of them. */
  readonly rounds: number;
  readonly from: number;
  /** The payloads of rounds up to this are no longer kept. */
  readonly removed: number;
  readonly entries: number;
  /** The hash of the last entry that follows the run's rules, and the root of the tree of all entries up to it; null if there is none. */
  readonly head: Hash | null;
  readonly root: Hash | null;
  readonly contributions: number;
  /** The last base that was derived; null if there is none. */
  readonly base: Hash | null;
  /** Entries that the journal's newest checkpoint covers. The ones after it are chained, but the relay has not signed them yet. */
  readonly signed: number;
  /** The proof that the relay signed this journal and another one; null if none was found. */
  readonly fork: ForkProof | null;
  /** Empty if the run is intact. */
  readonly problems: readonly Problem[];
}

/** The reader's own knowledge about the run. */
export interface VerifyOptions {
  /** Evidence to compare the journal with. */
  readonly kept?: readonly Kept[];
  /** The run's id. */
  readonly run?: Hash | undefined;
  /** The public key of the run's relay, hex. */
  readonly relayKey?: Hash | undefined;
  /** Up to where the run was verified before. */
  readonly point?: CheckedPoint | null;
  /** Told of each entry that has its form and follows the one before, in order, before the run's rules are applied to it. */
  readonly onEntry?: (entry: Entry) => void;
}

/**
 * Checks a whole run: the journal's chain and rules, the manifest's signature, each offer's signature, each payload's
 * hash, grid and norm; and derives every base from the initial one again, bit for bit. Where the manifest does not keep the
 * payloads of older rounds, it begins with the state of the last of these; where the run was verified before, with the state
 * at that point. Compares the journal with what the reader knows. Without a run's id or its relay's key it trusts the
 * journal's first entry, which anyone can make for a run of their own. Memory is O(parameters + rounds + nodes).
 */
export async function* verifyRun(
  source: VerifySource,
  { kept = [], run, relayKey, point = null, onEntry }: VerifyOptions = {},
): AsyncGenerator<VerifyProgress, VerifyReport> {
  const problems = new Problems();
  const note = (error: unknown) => {
    if (!(error instanceof EntryError)) throw error;
    problems.add(entryProblem(error));
  };
  let previous: StoredEntry | null = null;
  let check: RunCheck | null = null;
  let evidence: KeptEvidence | null = null;
  let trusted = true;
  let head: Hash | null = null;
  const ahead = new ReadAhead(source);
  const blob: VerifySource['blob'] = (hash, length) => ahead.blob(hash, length);
  try {
    for await (const stored of ahead.journal()) {
      let entry: Entry | null = null;
      try {
        entry = checkEntry(stored, previous);
      } catch (error) {
        // Later entries are still checked against the chain, but no longer taken for the relay's statement.
        note(error);
        trusted = false;
      }
      previous = stored;
      if (entry === null || !trusted) continue;
      onEntry?.(entry);
      try {
        if (check === null) {
          check = await RunCheck.begin({ ...source, blob }, entry, point, problems);
          const { id, manifest } = check.replay.run;
          ahead.expect(manifest.limits.payloadBytes, check.start);
          expectKnown(entry, 'run', id, run);
          expectKnown(entry, 'relay key', toHex(manifest.relayKey), relayKey);
          const signer = { run: fromHex(id), publicKey: manifest.relayKey };
          evidence = await KeptEvidence.open([...kept, ...keptIn(point), ...source.published()], signer);
        } else await check.apply(entry);
        head = entry.hash;
        evidence?.compare(entry.hash, check.replay.tree);
      } catch (error) {
        note(error);
        trusted = false;
      }
      if (!trusted) ahead.stop();
      if (entry.kind !== 'round-committed' || check?.isDeriving !== true) continue;
      const isIntact = problems.count === 0 && evidence?.problems.length === 0;
      yield { ...check.progress, point: isIntact ? check.pointAt(entry) : null };
    }
  } catch (error) {
    note(error);
  } finally {
    ahead.stop();
  }
  if (previous === null) problems.add({ code: 'journal.empty', place: 'journal', problem: 'has no entry' });
  await check?.finish().catch(note);
  if (trusted) check?.expectWhole();
  if (trusted) evidence?.end(previous?.sequence ?? 0);
  for (const problem of evidence?.problems ?? []) problems.add(problem);
  const fork =
    check && evidence && (await forkProofOf(evidence.contradicted, check.replay, () => source.journal()));
  for await (const problem of source.rest(check?.replay ?? null, trusted)) problems.add(problem);
  const created = check?.replay.run;
  return {
    run: created?.id ?? null,
    relayKey: created ? toHex(created.manifest.relayKey) : null,
    rounds: check?.derived ?? 0,
    from: (check?.start ?? 0) + 1,
    removed: check?.removed ?? 0,
    entries: previous?.sequence ?? 0,
    head,
    root: head === null || check === null ? null : toHex(check.replay.tree.root),
    contributions: check?.replay.totals.contributions ?? 0,
    base: check?.base ?? null,
    signed: headOf(check?.replay.tree.checkpoint ?? new Uint8Array())?.size ?? 0,
    fork,
    problems: problems.list,
  };
}

/** The checkpoint of what was verified before, as evidence. */
function keptIn(point: CheckedPoint | null): Kept[] {
  if (point === null) return [];
  const place = 'the checkpoint that was verified before';
  return [{ kind: 'checkpoint', place, bytes: new TextEncoder().encode(point.checkpoint) }];
}

/** Throws EntryError if the manifest is not that of the run which the reader asked for. */
function expectKnown(entry: Entry, what: string, found: Hash, known: Hash | undefined): void {
  if (known === undefined || found === known) return;
  const problem = `has the ${what} ${found}, expected ${known}`;
  throw new EntryError(entry.sequence, 'body.manifest', problem, 'expected');
}
