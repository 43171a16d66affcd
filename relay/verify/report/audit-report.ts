import * as v from 'valibot';
import { isHash } from '../../wire/hex.ts';
import { namedProblems } from '../problems.ts';
import type { VerifyReport } from '../verify.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const hash = v.pipe(v.string(), v.check(isHash));
const text = v.pipe(v.string(), v.maxLength(4096));

/** What somebody checked of a run and found: the members in the order in which a report's file has them. */
export const auditReportSchema = v.strictObject({
  /** When the check ended, as ISO 8601 in UTC. */
  time: v.pipe(v.string(), v.isoTimestamp()),
  /** The program that checked, and its version. */
  verifier: text,
  /** The relay's address or the folder's name, as whoever checked knows it. */
  place: text,
  run: v.nullable(hash),
  relayKey: v.nullable(hash),
  verdict: v.picklist(['intact', 'changed']),
  /** Entries that were read; the last one that follows the run's rules is `head`, and `root` is that of the tree of all up to it. */
  entries: count,
  head: v.nullable(hash),
  root: v.nullable(hash),
  /** Entries that the relay's newest signature covers. */
  signed: count,
  contributions: count,
  /** Bases that were derived again, the round of the first, and the last base. */
  rounds: count,
  from: count,
  base: v.nullable(hash),
  /** Evidence that the journal was compared with. */
  receipts: count,
  checkpoints: count,
  problems: v.pipe(v.array(v.strictObject({ place: text, problem: text })), v.maxLength(namedProblems + 1)),
});

export type AuditReport = v.InferOutput<typeof auditReportSchema>;

/** The circumstances of a check, which no report of the verifier has. */
export interface AuditFacts {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly verifier: string;
  readonly place: string;
  readonly kept: readonly { readonly kind: 'receipt' | 'checkpoint' }[];
}

export function auditReportOf(
  report: VerifyReport,
  { time, verifier, place, kept }: AuditFacts,
): AuditReport {
  const { run, relayKey, entries, head, root, signed, contributions, rounds, from, base, problems } = report;
  const receipts = kept.filter(({ kind }) => kind === 'receipt').length;
  return {
    ...{ time: new Date(time).toISOString(), verifier, place, run, relayKey },
    ...{ verdict: problems.length === 0 ? 'intact' : 'changed', entries, head, root, signed },
    ...{ contributions, rounds, from, base, receipts, checkpoints: kept.length - receipts },
    problems: problems.map(({ place, problem }) => ({
      place: place.slice(0, 4096),
      problem: problem.slice(0, 4096),
    })),
  };
}

/** A report for people. Its first words say the verdict. */
export function reportText(report: AuditReport): string {
  const { verdict, problems, from, rounds } = report;
  const rows: [string, string | number][] = [
    ['run', report.run ?? 'could not be read'],
    ["relay's key", report.relayKey ?? 'could not be read'],
    ['read from', report.place],
    ['checked', `${report.time}, by ${report.verifier}`],
    ['entries', `${report.entries}, of which the relay signed ${report.signed}`],
    ['head', report.head ?? 'none'],
    ['root', report.root ?? 'none'],
    ['contributions', report.contributions],
    [
      'bases',
      rounds === 0 ? 'none' : `${rounds} derived again, those of rounds ${from} to ${from + rounds - 1}`,
    ],
    ['last base', report.base ?? 'none'],
    ['compared with', `${report.receipts} receipts and ${report.checkpoints} checkpoints`],
  ];
  return [
    verdict === 'intact'
      ? 'Intact: everything that was checked is as it was written.'
      : `Changed: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}.`,
    ...problems.map(({ place, problem }) => `  ${place} ${problem}`),
    ...rows.map(([name, value]) => `${name.padEnd(15)}${value}`),
  ].join('\n');
}
