import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { TapestryError } from '../client/errors.ts';
import { WeightedSum } from './aggregate.ts';
import { EntryError } from './entries.ts';
import { explained, type FileSystem, nodeFiles } from './files.ts';
import { Journal } from './journal.ts';
import { openRelayKey, type RelayKey } from './key.ts';
import { keptBlobs, Ledger, type Vectors } from './ledger.ts';
import { differences, type ManifestDraft, manifestBytesOf, parseManifest } from './manifest.ts';
import { PartialStore } from './partial.ts';
import { Replay } from './replay.ts';
import { type RoundState, reopened, roundLimitsOf, waiting } from './round.ts';
import { BlobStore, bytesOfVector, hashOfBytes, vectorOfBytes } from './store.ts';
import { decodeDense } from './wire/dense.ts';
import { fromHex, type Hash, toHex } from './wire/hex.ts';
import { manifestSignedBytes, sign, verifySignature } from './wire/signed.ts';

/** What a relay needs to start a run: its constitution, and the parameters of round 1. */
export interface NewRun {
  readonly manifest: ManifestDraft;
  readonly initialBase: Float32Array<ArrayBuffer>;
}

/** Where a run's folder really is. Tests put a disk that fails underneath. */
export interface Environment {
  readonly files: FileSystem;
  /** Null when there is no journal and none may be made. */
  openJournal(path: string, make: boolean): Journal | null;
  /** Keeps other processes out of the folder until it is called. Throws `run.in-use`. */
  lock(folder: string): () => void;
}

export const disk: Environment = {
  files: nodeFiles,
  openJournal: (path, make) => (make || existsSync(path) ? new Journal(path) : null),
  lock: lockFolder,
};

/** A run's folder, opened. */
export interface OpenedRun {
  readonly ledger: Ledger;
  readonly partials: PartialStore;
  readonly key: RelayKey;
  /** Where the rounds stand. */
  readonly state: RoundState;
  readonly unlock: () => void;
}

export const journalFile = 'journal.sqlite';

/**
 * Opens the run in `folder`, or makes `create` where there is none; whatever the folder holds is never written over.
 * Throws TapestryError `run.missing`, `run.other`, `run.damaged`, `run.in-use`, `key.damaged`, `manifest.invalid`,
 * `disk.full` or `disk.failed`.
 */
export async function openRun(
  folder: string,
  create: NewRun | undefined,
  time: number,
  environment: Environment,
): Promise<OpenedRun> {
  const files = explained(environment.files);
  if (create !== undefined) checkNewRun(create);
  if (create !== undefined) await makeFolders(files, folder);
  else if (!(await files.list(folder)).includes('blobs')) throw missing(folder);
  const unlock = environment.lock(folder);
  let journal: Journal | null = null;
  try {
    journal = environment.openJournal(`${folder}/${journalFile}`, create !== undefined);
    if (journal === null) throw missing(folder);
    await files.syncFolder(folder);
    const blobs = new BlobStore(files, folder);
    if (journal.last === null) {
      if (create === undefined) throw missing(folder);
      await createRun(folder, create, time, journal, blobs, files);
    }
    const replay = replayOf(journal);
    if (create !== undefined) refuseOther(folder, create, replay);
    const key = await openRelayKey(files, folder, { make: false });
    await checkManifest(key, replay);
    const vectors = await readVectors(replay, blobs);
    const partials = new PartialStore(files, folder);
    await blobs.sweep(namedBlobs(journal, replay));
    if (replay.open === null) await partials.sweep();
    const state = stateOf(replay, time);
    const ledger = new Ledger(journal, replay, blobs, vectors);
    ledger.append(time, 'relay-started', { sqlite: journal.sqliteVersion });
    return { ledger, partials, key, state, unlock };
  } catch (error) {
    journal?.close();
    unlock();
    throw error;
  }
}

/** The folders that hold everything else, by names that last. */
async function makeFolders(files: FileSystem, folder: string): Promise<void> {
  await files.makeFolder(`${folder}/blobs`);
  await files.makeFolder(`${folder}/partial`);
  await files.syncFolder(folder);
  await files.syncFolder(dirname(folder));
}

async function checkManifest(key: RelayKey, { run }: Replay): Promise<void> {
  if (toHex(key.public) !== toHex(run.manifest.relayKey))
    throw damaged('relay.key is the key of another run');
  const signed = manifestSignedBytes(run.manifestBytes);
  if (!(await verifySignature(key.public, signed, run.manifestSignature))) {
    throw damaged('journal entry 1, body.signature does not sign the manifest');
  }
}

async function createRun(
  folder: string,
  create: NewRun,
  time: number,
  journal: Journal,
  blobs: BlobStore,
  files: FileSystem,
): Promise<void> {
  const bytes = bytesOfVector(create.initialBase);
  // A crash in the middle of this function leaves at most what it writes itself before the journal's first entry.
  for (const hash of await blobs.names()) {
    if (hash !== hashOfBytes(bytes))
      throw damaged('blobs/ holds files, but the journal that names them is missing');
  }
  const key = await openRelayKey(files, folder, { make: true });
  const manifest = manifestOf(create, key.public);
  await blobs.put(bytes);
  const signature = await sign(key.signing, manifestSignedBytes(manifest));
  journal.append(time, 'run-created', { manifest: toHex(manifest), signature: toHex(signature) });
}

/** Throws `manifest.invalid` before anything is written. */
function checkNewRun(create: NewRun): void {
  const { parameters } = parseManifest(manifestOf(create, new Uint8Array(32))).manifest.model;
  if (vectorOfBytes(bytesOfVector(create.initialBase), parameters) === null) {
    throw new TapestryError(
      'manifest.invalid',
      `the initial base is not ${parameters} finite float32`,
      'Make it for the layout that the manifest names.',
    );
  }
}

function manifestOf(create: NewRun, relayKey: Uint8Array): Uint8Array<ArrayBuffer> {
  const initialBase = fromHex(hashOfBytes(bytesOfVector(create.initialBase)));
  return manifestBytesOf(create.manifest, { relayKey, initialBase });
}

function replayOf(journal: Journal): Replay {
  let replay: Replay | null = null;
  try {
    for (const entry of journal.entries()) {
      if (replay === null) replay = Replay.begin(entry);
      else replay.apply(entry);
    }
  } catch (error) {
    throw error instanceof EntryError ? damaged(`${error.place} ${error.message}`, error) : error;
  }
  if (replay === null) throw damaged('the journal is empty');
  return replay;
}

function refuseOther(folder: string, create: NewRun, replay: Replay): void {
  const wanted = parseManifest(manifestOf(create, replay.run.manifest.relayKey)).manifest;
  const differing = differences(wanted, replay.run.manifest);
  if (differing.length > 0) {
    throw new TapestryError(
      'run.other',
      `${folder} holds another run, ${JSON.stringify(replay.run.manifest.name)}: its ${differing.join(', ')} differ`,
      'Name another folder, or start with the settings of that run.',
    );
  }
}

function stateOf(replay: Replay, time: number): RoundState {
  const state = waiting(replay.committed + 1, replay.attempt, replay.base);
  if (replay.complete) return { ...state, phase: 'complete' };
  if (replay.open === null) return state;
  const { openedAt, contributions } = replay.open;
  const contributed = new Set(contributions.map(({ body }) => body.key));
  const expected = new Set(replay.connected);
  return reopened(state, { openedAt, contributed, expected }, time, roundLimitsOf(replay.run.manifest));
}

async function readVectors(replay: Replay, blobs: BlobStore): Promise<Vectors> {
  const { manifest, codec } = replay.run;
  const { parameters } = manifest.model;
  const vector = async (hash: Hash) => {
    const bytes = await blobs.get(hash);
    const values = bytes === null ? null : vectorOfBytes(bytes, parameters);
    if (values === null) throw damaged(`${blobs.path(hash)} is missing or was changed`);
    return values;
  };
  const base = await vector(replay.base);
  const momentum = replay.momentum === null ? new Float32Array(parameters) : await vector(replay.momentum);
  const sum = new WeightedSum(parameters);
  for (const { body } of replay.open?.contributions ?? []) {
    const payload = await blobs.get(body.payload);
    if (payload === null) throw damaged(`${blobs.path(body.payload)} is missing or was changed`);
    sum.add(decodeDense(payload, parameters, codec), body.tokens);
  }
  return { base, momentum, sum };
}

function namedBlobs(journal: Journal, replay: Replay): Set<Hash> {
  const named = keptBlobs(replay);
  for (const entry of journal.entries())
    if (entry.kind === 'contribution-accepted') named.add(entry.body.payload);
  return named;
}

/** An SQLite lock on a file of its own: the system drops it with the process, however that ends. */
function lockFolder(folder: string): () => void {
  const lock = new DatabaseSync(`${folder}/relay.lock`);
  try {
    lock.exec('pragma journal_mode = memory; begin exclusive');
  } catch (cause) {
    lock.close();
    throw new TapestryError(
      'run.in-use',
      `another relay serves ${folder}`,
      'Stop it, or name another folder.',
      {
        cause,
      },
    );
  }
  return () => lock.close();
}

function missing(folder: string): TapestryError {
  return new TapestryError(
    'run.missing',
    `${folder} holds no run`,
    'Name the folder of a run, or start a new one.',
  );
}

function damaged(problem: string, cause?: unknown): TapestryError {
  return new TapestryError(
    'run.damaged',
    problem,
    'Put the folder back from a copy; `tapestry verify <folder>` names everything that is damaged.',
    { cause },
  );
}
