import { expect, test } from 'vitest';
import { generate, identityOf } from '../../../../client/identity.ts';
import { auditReportOf, reportText } from '../../../../relay/verify/report/audit-report.ts';
import { readReport, signReport } from '../../../../relay/verify/report/signed-report.ts';
import type { VerifyReport } from '../../../../relay/verify/verify.ts';
import { toHex } from '../../../../relay/wire/hex.ts';

const verified: VerifyReport = {
  ...{ run: 'a'.repeat(64), relayKey: 'b'.repeat(64), rounds: 3, from: 2, removed: 1, entries: 20 },
  ...{ head: 'c'.repeat(64), root: 'd'.repeat(64), contributions: 6, base: 'e'.repeat(64), signed: 19 },
  ...{
    fork: null,
    problems: [{ code: 'blob.missing' as const, place: 'blobs/aa/aa', problem: 'is missing' }],
  },
};
const facts = {
  ...{ time: Date.UTC(2026, 10, 30), verifier: 'tapestry 0.1.0', place: 'a folder' },
  kept: [{ kind: 'receipt' }, { kind: 'checkpoint' }, { kind: 'receipt' }],
} as const;

test('a report says what was checked, and is read as it was signed', async () => {
  const auditor = await identityOf(await generate(false));
  const report = auditReportOf(verified, facts);
  const file = new TextEncoder().encode(await signReport(report, auditor));
  expect(await readReport(file)).toEqual({ report, key: toHex(auditor.publicKey), isSigned: true });
  expect(report).toMatchObject({
    verdict: 'changed',
    receipts: 2,
    checkpoints: 1,
    time: '2026-11-30T00:00:00.000Z',
  });
  const text = reportText(report);
  expect(text).toContain('Changed: 1 problem.\n  blobs/aa/aa is missing\n');
  for (const value of [report.run, report.head, report.root, report.base]) expect(text).toContain(value);
  expect(text).toContain('those of rounds 2 to 4');
});

test('a change of any byte is found, and another file is no report', async () => {
  const auditor = await identityOf(await generate(false));
  const text = await signReport(auditReportOf({ ...verified, problems: [] }, facts), auditor);
  const changed = new TextEncoder().encode(text);
  for (let at = 0; at < changed.length; at += 7) {
    const bytes = Uint8Array.from(changed);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    expect((await readReport(bytes))?.isSigned ?? false, `${at}`).toBe(false);
  }
  const spaced = JSON.stringify(JSON.parse(text), null, 1);
  for (const other of ['', '{}', spaced, '[1]'])
    expect(await readReport(new TextEncoder().encode(other))).toBeNull();
});
