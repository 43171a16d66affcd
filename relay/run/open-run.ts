import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { TapestryError } from '../../client/errors.ts';
import type { EventLog, Lease } from '../journal/event-log.ts';
import { noHead } from '../journal/journal-end.ts';
import type { CreatedRun, Replay } from '../journal/replay.ts';
import { journalFile } from '../journal/rows.ts';
import { SqliteLog } from '../journal/sqlite-log.ts';
import { type BlobStore, bytesOfVector, vectorOfBytes } from '../storage/blob-store.ts';
import { FileBlobs } from '../storage/file-blobs.ts';
import { explained, type FileSystem, nodeFiles } from '../storage/files.ts';
import { openRelayKey, type RelayKey } from '../storage/relay-key.ts';
import { hashOfBytes } from '../storage/sha256.ts';
import { readUpload, UploadStore } from '../storage/upload-store.ts';
import { fromHex, toHex } from '../wire/hex.ts';
import { manifestSignedBytes, sign, verifySignature } from '../wire/signatures.ts';
import type { Clock } from './clock.ts';
import type { Compute } from './compute/compute.ts';
import { LocalCompute } from './compute/local-compute.ts';
import type { RunLimits } from './contributions/limits.ts';
import { type Evaluate, Guard } from './guard/guard.ts';
import { Leadership, leaseMs } from './leadership.ts';
import { differences, type ManifestDraft, manifestBytesOf, parseManifest } from './manifest.ts';
import { Evaluators } from './quality/evaluators/evaluators.ts';
import { MetricsFile } from './report/metrics-file.ts';
import { type RoundState, resumed, roundLimitsOf, waiting } from './round.ts';
import { RunStore, youngMs } from './run-store.ts';
import { damaged } from './store/read-journal.ts';

/** A run to create: its manifest, the parameters of round 1, and the files that the manifest names. */
export interface NewRun {
  readonly manifest: ManifestDraft;
  readonly initialBase: Float32Array<ArrayBuffer>;
  /** The tokenizer.json and tokenizer_config.json that the manifest names, if it does not name bytes. */
  readonly tokenizer?: {
    readonly file: Uint8Array<ArrayBuffer>;
    readonly config: Uint8Array<ArrayBuffer>;
  };
  /** The tokens of the probe that the manifest names, if it has a guard: u32, little-endian. */
  readonly probe?: Uint8Array<ArrayBuffer>;
}

/** Where a run is kept, and what measures its bases. */
export interface Environment {
  /** Needed by a run whose manifest has a guard. */
  readonly evaluate?: Evaluate;
  /** True where a presenter steers the run: rounds wait for the presenter's start. Default: false. */
  readonly hasPresenter?: boolean;
  /** `defaultRunLimits` unless given. */
  readonly limits?: RunLimits;
  /** Computes for the run in `folder`, whose files are those of `disk`. Unless given, this thread computes. */
  readonly computeOf?: (folder: string, run: CreatedRun) => Compute;
  /** For uploads and the relay's key. */
  readonly files: FileSystem;
  /** Null if there is no journal and `make` is false. */
  openLog(folder: string, make: boolean, clock: Clock): EventLog | null;
  openBlobs(files: FileSystem, folder: string, clock: Clock): BlobStore;
}

/** Everything in one folder: SQLite and files. */
export const disk: Environment = {
  files: nodeFiles,
  openLog: (folder, make, clock) =>
    make || existsSync(`${folder}/${journalFile}`) ? new SqliteLog(folder, () => clock.now()) : null,
  openBlobs: (files, folder, clock) => new FileBlobs(files, folder, () => clock.now()),
};

/** The opened run of a folder. */
export interface OpenedRun {
  readonly store: RunStore;
  readonly log: EventLog;
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
  readonly key: RelayKey;
  readonly leadership: Leadership;
  readonly guard: Guard | null;
  readonly evaluators: Evaluators | null;
  readonly metrics: MetricsFile;
  readonly state: RoundState;
}

/**
 * Opens the run in `folder`, or creates `create` if there is none; an existing run is never overwritten.
 * Throws TapestryError `run.no-evaluator`, `run.missing`, `run.other`, `run.damaged`, `run.in-use`, `key.damaged`, `manifest.invalid`,
 * `disk.full` or `disk.failed`, and leaves nothing open or locked.
 */
export async function openRun(
  folder: string,
  create: NewRun | undefined,
  clock: Clock,
  environment: Environment,
): Promise<OpenedRun> {
  const files = explained(environment.files);
  if (create !== undefined) {
    checkNewRun(create);
    await makeFolders(files, folder);
  } else if (!(await files.list(folder)).includes('blobs')) throw missing(folder);
  const log = environment.openLog(folder, create !== undefined, clock);
  if (log === null) throw missing(folder);
  let store: RunStore | null = null;
  try {
    const lease = await log.lead(`${hostname()} ${process.pid}`, leaseMs);
    if (lease === null) {
      throw new TapestryError(
        'run.in-use',
        `another relay serves ${folder}`,
        'Stop it, or name another folder.',
      );
    }
    await files.syncFolder(folder);
    const blobs = environment.openBlobs(files, folder, clock);
    const computeOf = (run: CreatedRun) =>
      environment.computeOf?.(folder, run) ??
      new LocalCompute(run, blobs, (key, payload) => readUpload(files, folder, key, payload));
    store = await RunStore.open(log, blobs, computeOf);
    if (store === null) {
      if (create === undefined) throw missing(folder);
      await createRun(folder, create, { log, lease, blobs, files });
      store = await RunStore.open(log, blobs, computeOf);
      if (store === null) throw damaged('the journal is empty');
    }
    const { replay } = store;
    if (create !== undefined) refuseOther(folder, create, replay);
    const key = await openRelayKey(files, folder, { make: false });
    await checkManifest(key, replay);
    const uploads = await UploadStore.open(files, folder);
    await store.sweep();
    if (replay.open === null) await uploads.removeAll();
    const leadership = new Leadership(log, lease, clock);
    const guard = Guard.of(replay.run.manifest, await store.probe(), environment.evaluate);
    const policy = replay.run.manifest.merge.case;
    const metrics = await MetricsFile.open(files, folder, { committed: replay.committed, policy });
    const state = stateOf(replay, clock.elapsed(), environment.hasPresenter ?? false);
    const evaluators = Evaluators.of(replay, clock);
    return { store, log, blobs, uploads, key, leadership, guard, evaluators, metrics, state };
  } catch (error) {
    await (store ?? log).close();
    throw error;
  }
}

/** Makes the run's folders, durably. */
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
  places: { log: EventLog; lease: Lease; blobs: BlobStore; files: FileSystem },
): Promise<void> {
  const { log, lease, blobs, files } = places;
  const bytes = bytesOfVector(create.initialBase);
  const initial = hashOfBytes(bytes);
  // A crash in this function leaves at most the blobs that it writes before the journal's first entry.
  const named = [create.tokenizer?.file, create.tokenizer?.config, create.probe].filter(
    (file) => file !== undefined,
  );
  const expected = new Set([initial, ...named.map((file) => hashOfBytes(file))]);
  let others = 0;
  await blobs.sweep((hash) => {
    if (!expected.has(hash)) others++;
    return true;
  }, youngMs);
  if (others > 0) throw damaged('there are blobs, but the journal that names them is missing');
  const key = await openRelayKey(files, folder, { make: true });
  const manifest = manifestOf(create, key.public);
  await blobs.put(bytes);
  for (const file of named) await blobs.put(file);
  const signature = toHex(await sign(key.signing, manifestSignedBytes(manifest)));
  const body = { manifest: toHex(manifest), signature };
  await log.append(lease, noHead, [{ kind: 'run-created', body }]);
}

/** Throws `manifest.invalid` before anything is written. */
function checkNewRun(create: NewRun): void {
  const { model, tokenizer, guard } = parseManifest(manifestOf(create, new Uint8Array(32))).manifest;
  const { parameters } = model;
  const named =
    tokenizer.case === 'file' ? [tokenizer.value.hash, tokenizer.value.configHash].map(toHex) : [];
  const given = create.tokenizer
    ? [create.tokenizer.file, create.tokenizer.config].map((file) => hashOfBytes(file))
    : [];
  if (named.join() !== given.join())
    throw new TapestryError(
      'manifest.invalid',
      'the tokenizer files are not those that the manifest names',
      'Pass the files that the manifest was made with.',
    );
  const probe = guard.case === 'probe' ? toHex(guard.value.hash) : undefined;
  if (probe !== (create.probe && hashOfBytes(create.probe)))
    throw new TapestryError(
      'manifest.invalid',
      'the probe is not the one that the manifest names',
      'Pass the tokens that the manifest was made with.',
    );
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

function stateOf(replay: Replay, time: number, hasPresenter: boolean): RoundState {
  const isHeld = hasPresenter && (replay.presented === 'lobby' || replay.presented === 'paused');
  const isEnding = replay.presented === 'ended';
  const state = { ...waiting(replay.committed + 1, replay.attempt, replay.base), isHeld, isEnding };
  if (replay.complete) return { ...state, phase: 'complete' };
  if (replay.open === null) return state;
  const { contributions, isClosed } = replay.open;
  const open = { contributions: contributions.size, isClosed };
  return resumed(state, open, time, roundLimitsOf(replay.run.manifest));
}

function missing(folder: string): TapestryError {
  return new TapestryError(
    'run.missing',
    `${folder} holds no run.`,
    'Name the folder of a run, or start a new one.',
  );
}
