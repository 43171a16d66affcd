import { diskFiles } from '../../../client/host/disk.ts';
import { readRegularFile } from '../../../client/host/regular-file.ts';
import { identityInFiles } from '../../../client/identity.ts';
import { type AuditReport, reportText } from '../../../relay/verify/report/audit-report.ts';
import {
  maxReportBytes,
  readReport,
  type SignedReport,
  signReport,
} from '../../../relay/verify/report/signed-report.ts';
import { exit } from '../exit-codes.ts';
import { writeNewFile } from '../files/new-file.ts';
import type { Output } from '../terminal/output.ts';
import { terminalText } from '../terminal/terminal-text.ts';

/** Writes a report, signed with the key of the node whose data is in `data`. Throws `usage.exists` and `identity.unreadable`. */
export async function writeReport(path: string, report: AuditReport, data: string): Promise<void> {
  const text = await signReport(report, await identityInFiles(diskFiles(data)));
  await writeNewFile(path, [new TextEncoder().encode(text)], '--report');
}

/** The report in a file; null if `path` names no file or one that holds no report. */
export async function reportIn(path: string): Promise<SignedReport | null> {
  const bytes = await readRegularFile(path, maxReportBytes).catch(() => null);
  return bytes && readReport(bytes);
}

/** Says what a report says, and whether it is as it was signed; exit code 5 if it is not. */
export function showReport({ report, key, isSigned }: SignedReport, output: Output): void {
  const told = isSigned
    ? `The report is as the key ${key} signed it.\n${terminalText(reportText(report))}`
    : `This file is no report: the key ${key} did not sign it, or it was changed.`;
  output.result({ event: 'report', ok: isSigned, key, ...(isSigned ? { report } : {}) }, told);
  if (!isSigned) process.exitCode = exit.verification;
}
