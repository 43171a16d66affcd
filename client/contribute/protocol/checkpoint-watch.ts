import { openCheckpoint, type Signer } from '../../../relay/wire/checkpoint.ts';
import {
  checkForkProof,
  encodeForkProof,
  type ForkProof,
  provingSequence,
  type Statement,
} from '../../../relay/wire/evidence/fork-proof.ts';
import { isSignedReceipt } from '../../../relay/wire/evidence/receipt.ts';
import { encodeToNode } from '../../../relay/wire/frames.ts';
import { toHex } from '../../../relay/wire/hex.ts';
import { provesConsistency, provesInclusion, type TreeHead } from '../../../relay/wire/merkle.ts';
import type { Acknowledgement } from '../../../relay/wire/tapestry_pb.js';
import { TapestryError } from '../../errors.ts';
import { type EvidenceStore, JournalForkedError } from './evidence.ts';
import type { JournalProofs } from './journal-proofs.ts';

/** The run whose relay is watched, and the bytes of its manifest. */
export interface WatchedRun extends Signer {
  readonly manifest: Uint8Array;
}

/** A checkpoint with its signed note. */
interface SignedHead extends TreeHead {
  readonly note: Uint8Array;
}

/** The most receipts that wait for the checkpoint that covers them. */
const maxPending = 256;

/**
 * Checks the relay against its own signed statements, those of earlier sessions too: a tree never shrinks, each tree is
 * consistent with the newest one that this node holds, and every acknowledged entry is in the first tree that covers it.
 * This detects a relay that replaces its journal, and one that shows different journals to nodes that compare their
 * checkpoints. A fork is proved to others with what the relay signed.
 */
export class CheckpointWatch {
  readonly #run: WatchedRun;
  readonly #proofs: JournalProofs;
  readonly #store: EvidenceStore;
  #held: SignedHead | null = null;
  /** The receipts that the held checkpoint does not cover yet. */
  #pending: readonly Acknowledgement[] = [];

  private constructor(run: WatchedRun, proofs: JournalProofs, store: EvidenceStore) {
    this.#run = run;
    this.#proofs = proofs;
    this.#store = store;
  }

  /** With the checkpoint and the receipts that earlier sessions stored. Those that the relay did not sign are ignored. */
  static async open(run: WatchedRun, proofs: JournalProofs, store: EvidenceStore): Promise<CheckpointWatch> {
    const watch = new CheckpointWatch(run, proofs, store);
    const note = await store.loadCheckpoint(toHex(run.run));
    const head = note && (await openCheckpoint(note, run));
    watch.#held = note && head && { ...head, note };
    const pending: Acknowledgement[] = [];
    for (const receipt of await store.loadReceipts(toHex(run.run))) {
      if (!watch.#covers(receipt) && (await isSignedReceipt(receipt, run))) pending.push(receipt);
    }
    watch.#pending = pending;
    return watch;
  }

  /**
   * Checks the checkpoint of a Welcome, which is empty before the run's first commit, against all that is stored.
   * @throws TapestryError `relay.malformed`, `relay.unreachable` or `relay.journal-forked`
   */
  async welcomed(note: Uint8Array, signal: AbortSignal): Promise<void> {
    if (note.length > 0) return this.committed(note, signal);
    if (this.#held !== null)
      throw await this.#unproved(`it has no checkpoint, but it signed one of ${this.#held.size} entries`);
  }

  /**
   * Checks a receipt and its checkpoint. The checkpoint is empty before the run's first commit, and may be older than the
   * one held if the relay sends a receipt again.
   * @throws TapestryError `relay.malformed`, `relay.unreachable` or `relay.journal-forked`
   */
  async acknowledged(receipt: Acknowledgement, signal: AbortSignal): Promise<void> {
    if (!(await isSignedReceipt(receipt, this.#run))) throw malformed('a receipt that it did not sign');
    if (receipt.checkpoint.length > 0) await this.#take(receipt.checkpoint, signal);
    if (this.#held !== null && this.#covers(receipt)) await this.#proveInclusion(receipt, this.#held, signal);
    else this.#pending = [...this.#pending, receipt].slice(-maxPending);
  }

  /**
   * Checks a commit's checkpoint and stores it.
   * @throws TapestryError `relay.malformed`, `relay.unreachable` or `relay.journal-forked`
   */
  async committed(note: Uint8Array, signal: AbortSignal): Promise<void> {
    const before = this.#held?.size ?? 0;
    const { size } = await this.#take(note, signal);
    if (size < before)
      throw await this.#unproved(`its journal became shorter, from ${before} signed entries to ${size}`);
  }

  /** Checks a checkpoint against the one held and the receipts that it covers, and stores it if it is newer. */
  async #take(note: Uint8Array, signal: AbortSignal): Promise<TreeHead> {
    const head = await openCheckpoint(note, this.#run);
    if (head === null) throw malformed('a checkpoint that it did not sign');
    const taken: SignedHead = { ...head, note };
    const held = this.#held ?? taken;
    const [older, newer] = held.size <= taken.size ? [held, taken] : [taken, held];
    const proof = await this.#proofs.consistency(older.size, newer.size, signal);
    if (!provesConsistency(older, newer, proof)) {
      const how = `its checkpoints of ${older.size} and ${newer.size} entries, ${toHex(older.root)} and ${toHex(newer.root)}, contradict each other`;
      throw await this.#forked(how, { kind: 'checkpoint', bytes: older.note }, newer, signal);
    }
    if (this.#held !== null && taken.size <= this.#held.size) return taken;
    for (const receipt of this.#pending) {
      if (receipt.sequence <= taken.size) await this.#proveInclusion(receipt, taken, signal);
    }
    await this.#store.saveCheckpoint(toHex(this.#run.run), new Uint8Array(note));
    this.#held = taken;
    this.#pending = this.#pending.filter((receipt) => !this.#covers(receipt));
    return taken;
  }

  #covers({ sequence }: Acknowledgement): boolean {
    return this.#held !== null && sequence <= this.#held.size;
  }

  async #proveInclusion(receipt: Acknowledgement, head: SignedHead, signal: AbortSignal): Promise<void> {
    const sequence = Number(receipt.sequence);
    const proof = await this.#proofs.inclusion(sequence, head.size, signal);
    if (provesInclusion(sequence - 1, head.size, receipt.entry, proof, head.root)) return;
    const bytes = encodeToNode({ case: 'acknowledgement', value: receipt });
    const how = `entry ${sequence}, which it acknowledged, is not in its journal of ${head.size} entries, ${toHex(head.root)}`;
    throw await this.#forked(how, { kind: 'receipt', bytes }, head, signal);
  }

  /** The error of a fork, with its proof stored if the relay's journal gives one. */
  async #forked(how: string, earlier: Statement, later: SignedHead, signal: AbortSignal): Promise<Error> {
    const proof = await this.#forkProof(earlier, later, signal).catch(() => null);
    if (proof !== null) await this.#store.saveForkProof(toHex(this.#run.run), encodeForkProof(proof));
    return this.#unproved(how);
  }

  /** The error of a fork of which nothing new proves anything. */
  async #unproved(how: string): Promise<Error> {
    return new JournalForkedError(how, await this.#store.forkEvidence(toHex(this.#run.run)));
  }

  async #forkProof(earlier: Statement, later: SignedHead, signal: AbortSignal): Promise<ForkProof | null> {
    const sequence = provingSequence(earlier, later.size);
    const hash = sequence === null ? null : await this.#proofs.entryHash(sequence, signal);
    const path = sequence === null ? [] : await this.#proofs.inclusion(sequence, later.size, signal);
    const entry = hash === null ? null : { hash, path };
    const proof: ForkProof = { manifest: this.#run.manifest, earlier, later: later.note, entry };
    return (await checkForkProof(proof)) === null ? null : proof;
  }
}

function malformed(what: string): TapestryError {
  return new TapestryError(
    'relay.malformed',
    `The relay sent ${what}.`,
    'The node reconnects automatically. If the error persists, install the relay’s version of Tapestry.',
  );
}
