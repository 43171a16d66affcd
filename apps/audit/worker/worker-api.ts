import type { Entry } from '../../../relay/journal/entry.ts';
import type { Kept } from '../../../relay/verify/kept.ts';
import type { VerifyReport } from '../../../relay/verify/verify.ts';
import type { Hash } from '../../../relay/wire/hex.ts';
import type { ChosenFile } from '../../ui/files/chosen.ts';
import type { Problem } from '../../ui/problem.ts';

/** How far the bases are derived: the first round that can be, the last that was, and the number that the manifest plans. */
export interface Derived {
  readonly from: number;
  readonly round: number;
  readonly rounds: number;
}

/** The entries that were read since the last news, and how far the bases are derived; null before the first base. */
export interface AuditNews {
  readonly entries: readonly Entry[];
  readonly derived: Derived | null;
}

/** A bit of a payload that is to be changed while it is read, to see the audit find it. */
export interface Flip {
  readonly payload: Hash;
  readonly bit: number;
}

export interface AuditRequest {
  /** The join token; may be empty. */
  readonly token: string;
  /** The folder of a run; null to read the relay that serves this page. */
  readonly folder: readonly ChosenFile[] | null;
  /** A node's files of receipts and of a checkpoint. */
  readonly evidence: readonly File[];
  readonly flip: Flip | null;
}

/** A receipt of the visitor's file: the entry that it is for, and how a problem names it. */
export interface ReceiptPlace {
  readonly place: string;
  readonly sequence: number;
}

/** A report of the whole run, or the problem that prevents one. */
export type AuditResult =
  | {
      readonly report: VerifyReport;
      /** The evidence that the journal was compared with. */
      readonly kept: readonly Pick<Kept, 'kind'>[];
      readonly receipts: readonly ReceiptPlace[];
    }
  | { readonly problem: Problem };

export interface AuditWorker {
  /** Audits a run. Never throws. */
  audit(request: AuditRequest, tell: (news: AuditNews) => void): Promise<AuditResult>;
}
