import { receiptLines, receiptsIn } from '../../../relay/wire/evidence/receipt.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import type { Acknowledgement } from '../../../relay/wire/tapestry_pb.js';
import { byteTokenizer, type ModelTokenizer } from '../../data/tokenizer.ts';
import { tokenizerFromFile } from '../../data/tokenizer-file.ts';
import { TapestryError } from '../../errors.ts';
import { parseTokenizerConfig } from '../../formats/tokenizer-config.ts';
import { identityFile } from '../../identity.ts';
import type { RelayHttp } from '../../relay-http.ts';
import type { Files, Runtime } from '../../runtime.ts';
import { contentHash } from '../../sha256.ts';
import { Downloads } from '../protocol/download.ts';
import type { EvidenceFile, EvidenceStore } from '../protocol/evidence.ts';
import type { FileTerms, RunTerms } from '../run-terms.ts';
import { BaseStore, type LoadedBase, type WantedBase } from './base-store.ts';
import { contributionOf, decodeSnapshot, encodeSnapshot, type NodeSnapshot } from './node-snapshot.ts';
import { decodeState, encodeState, type ModelSizes, type SavedState } from './saved-state.ts';

/** Names of a run's files in a node's folder. Each run has its own files, so joining another run overwrites nothing. */
const fileNames = (run: string) => {
  const of = run.slice(0, 16);
  return {
    state: `state-${of}.safetensors`,
    snapshot: `snapshot-${of}.safetensors`,
    receipts: `receipts-${of}.txt`,
    base: `base-${of}.bin`,
    tokenizer: `tokenizer-${of}.json`,
    tokenizerConfig: `tokenizer-config-${of}.json`,
    checkpoint: `checkpoint-${of}.txt`,
    fork: `fork-${of}.json`,
  };
};

/** Whether a node makes a file with this name in its folder, which also may hold the files of others. */
export function isNodeFile(name: string): boolean {
  const whole = name.replace(/\.new$/, '');
  const run = /-([0-9a-f]{16})\./.exec(whole)?.[1] ?? '';
  return whole === identityFile || Object.values(fileNames(run)).includes(whole);
}

/** The file of a run's receipts, as `tapestry verify --receipt` reads it; null before the first receipt. `run` is in hex. */
export async function receiptsFile(files: Pick<Files, 'read'>, run: string): Promise<EvidenceFile | null> {
  return evidenceFile(files, 'receipts', fileNames(run).receipts);
}

async function evidenceFile(
  files: Pick<Files, 'read'>,
  kind: EvidenceFile['kind'],
  name: string,
): Promise<EvidenceFile | null> {
  const bytes = await files.read(name);
  return bytes && { kind, name, bytes };
}

/** The number of a run's receipts that a node stores. A commit's checkpoint covers all older ones. */
const storedReceipts = 256;

/** A node's state, and the receipt of its contribution if the relay accepted it. */
export interface Saved {
  readonly state: SavedState;
  readonly receipt: Acknowledgement | null;
}

/**
 * Stores a run's files in a node's folder: the node's state, a snapshot of its work since, the receipts of its newest accepted contributions, the
 * current base, the tokenizer, the newest checkpoint, and the proof of a fork if the relay made one.
 */
export class NodeStore implements EvidenceStore {
  readonly #downloads: Downloads;
  readonly #files: Files;
  readonly #bases: BaseStore;

  /** What the relay has is read through `http`. */
  constructor(runtime: Runtime, http: RelayHttp) {
    this.#files = runtime.files;
    this.#downloads = new Downloads(http, runtime);
    this.#bases = new BaseStore(runtime.files, http, this.#downloads);
  }

  async save(run: string, state: SavedState): Promise<void> {
    await this.#files.write(fileNames(run).state, await encodeState(run, state));
  }

  /**
   * The saved state of the run, and the receipt of its contribution if the relay accepted it; null if no state is saved.
   * The relay may accept a contribution in a later attempt than the one it was trained in; the receipt names the attempt.
   * @throws TapestryError `checkpoint.*`
   */
  async load(terms: RunTerms): Promise<Saved | null> {
    const { run } = terms;
    const bytes = await this.#files.read(fileNames(run).state);
    if (bytes === null) return null;
    const state = await decodeState(bytes, run, sizesOf(terms));
    const { payload } = state.contribution;
    const receipts = await this.loadReceipts(run);
    return { state, receipt: receipts.findLast((receipt) => toHex(receipt.payload) === payload) ?? null };
  }

  /** Stores a snapshot in place of the one before, and returns its bytes. */
  async saveSnapshot(run: string, snapshot: NodeSnapshot): Promise<number> {
    const bytes = await encodeSnapshot(run, snapshot);
    await this.#files.write(fileNames(run).snapshot, bytes);
    return bytes.length;
  }

  /**
   * The snapshot of the node's work since `state`, its saved state; null without one.
   * @throws TapestryError `checkpoint.*`
   */
  async loadSnapshot(terms: RunTerms, state: SavedState | null): Promise<NodeSnapshot | null> {
    const { run } = terms;
    const bytes = await this.#files.read(fileNames(run).snapshot);
    if (bytes === null) return null;
    const snapshot = await decodeSnapshot(bytes, run, sizesOf(terms));
    const { after } = snapshot;
    const made = state && contributionOf(state);
    const isNewer =
      after?.round === made?.round && after?.payload === made?.payload && after?.step === made?.step;
    return isNewer ? snapshot : null;
  }

  removeSnapshot(run: string): Promise<void> {
    return this.#files.remove(fileNames(run).snapshot);
  }

  /** The newest receipts of the run, oldest first. Lines that are not receipts are passed over. */
  async loadReceipts(run: string): Promise<readonly Acknowledgement[]> {
    const bytes = await this.#files.read(fileNames(run).receipts);
    return bytes === null ? [] : receiptsIn(bytes);
  }

  /** Stores a receipt beside the ones before, so that anyone with the run's manifest can check it. */
  async saveReceipt(run: string, receipt: Acknowledgement): Promise<void> {
    const before = await this.loadReceipts(run);
    const others = before.filter(({ sequence }) => sequence !== receipt.sequence);
    const newest = [...others, receipt].slice(-storedReceipts);
    await this.#files.write(fileNames(run).receipts, receiptLines(newest));
  }

  loadCheckpoint(run: string): Promise<Uint8Array | null> {
    return this.#files.read(fileNames(run).checkpoint);
  }

  /** Stores the note unchanged, so that `verify --checkpoint` can compare a run with it. */
  saveCheckpoint(run: string, note: Uint8Array<ArrayBuffer>): Promise<void> {
    return this.#files.write(fileNames(run).checkpoint, note);
  }

  saveForkProof(run: string, proof: Uint8Array<ArrayBuffer>): Promise<void> {
    return this.#files.write(fileNames(run).fork, proof);
  }

  async forkEvidence(run: string): Promise<readonly EvidenceFile[]> {
    const names = fileNames(run);
    const proof = await evidenceFile(this.#files, 'proof', names.fork);
    if (proof !== null) return [proof];
    const checkpoint = await evidenceFile(this.#files, 'checkpoint', names.checkpoint);
    return [checkpoint, await receiptsFile(this.#files, run)].filter((file) => file !== null);
  }

  /**
   * The run's tokenizer, from the folder or else from the relay.
   * @throws TapestryError `tokenizer.*`, `relay.unreachable` or `relay.bad-blob`
   */
  async tokenizer({ run, tokenizer, config }: RunTerms, signal: AbortSignal): Promise<ModelTokenizer> {
    if (tokenizer.kind === 'bytes') return byteTokenizer;
    const names = fileNames(run);
    const file = await this.#file(names.tokenizer, tokenizer.file, signal);
    const own = parseTokenizerConfig(await this.#file(names.tokenizerConfig, tokenizer.config, signal));
    return tokenizerFromFile(file, { ...own, vocabularySize: config.vocabularySize });
  }

  /** A file of the run, from the folder or else from the relay. */
  async #file(
    name: string,
    { hash, bytes }: FileTerms,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const stored = await this.#files.read(name);
    if (stored !== null && (await contentHash(stored)) === hash) return stored;
    const file = await this.#downloads.blob(hash, bytes, signal);
    await this.#files.write(name, file);
    return file;
  }

  /** See `BaseStore.load`. */
  base(terms: RunTerms, wanted: WantedBase, signal: AbortSignal): Promise<LoadedBase> {
    return this.#bases.load(fileNames(terms.run).base, terms, wanted, signal);
  }

  /** The base with this hash, if a node has stored it here as its current one; else null. */
  async storedBase({ run, layout }: RunTerms, hash: string): Promise<LoadedBase['parameters'] | null> {
    const stored = await this.#bases.stored(fileNames(run).base, layout.length);
    return stored?.hash === hash ? stored.parameters : null;
  }
}

function sizesOf({ layout, fragments }: RunTerms): ModelSizes {
  return { parameters: layout.length, upper: fragments.upper?.length ?? null };
}

/** True if the error means that the saved state cannot be used, so that the node may start without it. */
export function isUnusableState(error: unknown): error is TapestryError {
  return error instanceof TapestryError && /^(?:checkpoint|sampler)\./.test(error.code);
}
