import type { Acknowledgement } from '../../../relay/wire/tapestry_pb.js';
import { TapestryError } from '../../errors.ts';

/** A file of what a relay signed for this node. */
export interface EvidenceFile {
  readonly kind: 'proof' | 'checkpoint' | 'receipts';
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Stores what the relay signed for this node. `run` is the run's id, hex. */
export interface EvidenceStore {
  /** The newest checkpoint as the signed note that the relay sent; null if there is none. */
  loadCheckpoint(run: string): Promise<Uint8Array | null>;
  saveCheckpoint(run: string, note: Uint8Array<ArrayBuffer>): Promise<void>;
  /** The newest receipts, oldest first. */
  loadReceipts(run: string): Promise<readonly Acknowledgement[]>;
  /** Stores the proof of a fork. */
  saveForkProof(run: string, proof: Uint8Array<ArrayBuffer>): Promise<void>;
  /** The files that a person needs to show a fork to others: its proof if there is one, else checkpoint and receipts. */
  forkEvidence(run: string): Promise<readonly EvidenceFile[]>;
}

/** `relay.journal-forked`: the relay signed two different journals of the run. */
export class JournalForkedError extends TapestryError {
  /** The proof's file; if there is none, the files of what the relay signed before. */
  readonly evidence: readonly EvidenceFile[];

  /** `how` says what contradicts what. */
  constructor(how: string, evidence: readonly EvidenceFile[]) {
    const proof = evidence.find(({ kind }) => kind === 'proof');
    const told = 'Stop contributing and tell the other members.';
    super(
      'relay.journal-forked',
      `The relay signed two different journals of this run: ${how}.`,
      proof !== undefined
        ? `${told} This node’s file ${proof.name} is the proof: anyone can check it with \`tapestry verify ${proof.name}\`.`
        : `${told} This node’s files hold what the relay signed: run \`tapestry verify\` on the relay’s address with --checkpoint checkpoint-….txt and --receipt receipts-….txt.`,
    );
    this.name = 'JournalForkedError';
    this.evidence = evidence;
  }
}
