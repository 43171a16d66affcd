import type { PartName } from '../../wire/fragments.ts';
import type { Hash, NodeKey } from '../../wire/hex.ts';
import type { RefusalCode } from '../../wire/tapestry_pb.js';
import type { Fate } from '../influence/fates.ts';
import type { Standing, Weighed } from '../quality/weigh.ts';

/** An upload all of whose bytes are stored. */
export interface WholeUpload {
  readonly key: NodeKey;
  readonly payload: Hash;
  /** What its delta is of: a part that the run grants. */
  readonly part: PartName;
  /** The greatest L2 norm of a delta. */
  readonly normBound: number;
}

/** The contributions to a round, counted from 1, in the order of the journal, and the state that they lead on from. */
export interface FoldRequest {
  readonly round: number;
  /** See `Replay.state`. */
  readonly state: readonly Hash[];
  readonly contributions: readonly {
    readonly tokens: number;
    readonly payload: Hash;
    readonly part: PartName;
    /** See `FoldedContribution`. */
    readonly standing?: Standing;
  }[];
}

/** The contributions to a round, of which one is left out: see `RoundMean.from`. */
export interface MeanRequest extends FoldRequest {
  readonly without: number | null;
}

/** What a round makes: see `Folded`. */
export interface Derived {
  /** The base first. */
  readonly state: readonly Hash[];
  /** By which nodes follow; null where they download each base whole. */
  readonly delta: Hash | null;
  /** The contributions that the merge rule left out, by their index. */
  readonly excluded: readonly number[];
  /** See `Folded`. */
  readonly weighed: readonly Weighed[];
  readonly fates: readonly Fate[];
  readonly norm: number;
  /** The L2 norm of the change of the base. */
  readonly change: number;
}

/**
 * A run's work on whole payloads and vectors: hashing, decoding, checking, merging, the outer step and the downlink. What is asked
 * and answered names blobs, so it is small however large the model is, and the work may be done in other threads. Methods throw
 * `disk.full`, `disk.failed` or `run.damaged`, and can then be called again.
 */
export interface Compute {
  /** Checks an upload and stores its payload, durably. The code with which it must be refused; null if there is none. */
  receive(upload: WholeUpload): Promise<RefusalCode | null>;
  /** Reads the state that the next fold begins from, so that damage is told at a start. */
  prepare(state: readonly Hash[]): Promise<void>;
  /** What the contributions make; stores nothing. Asked again, it answers at once. */
  fold(request: FoldRequest): Promise<Derived>;
  /** Stores what the contributions make, durably. */
  store(request: FoldRequest): Promise<void>;
  /** The base less the mean of the contributions; a copy. */
  mean(request: MeanRequest): Promise<Float32Array<ArrayBuffer>>;
  /** A vector that is stored, or that the last `fold` made; a copy. */
  vector(hash: Hash): Promise<Float32Array<ArrayBuffer>>;
  /** Frees what it holds. A call that is still under way may be rejected. */
  close(): Promise<void>;
}
