import type { Entry } from '../../../relay/journal/entry.ts';
import type { VerifyReport } from '../../../relay/verify/verify.ts';
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

/** A report of the whole run, or the problem that prevents one. */
export type AuditResult = { readonly report: VerifyReport } | { readonly problem: Problem };

export interface AuditWorker {
  /** Audits the run of the relay that serves this page. `token` may be empty. Never throws. */
  audit(token: string, tell: (news: AuditNews) => void): Promise<AuditResult>;
}
