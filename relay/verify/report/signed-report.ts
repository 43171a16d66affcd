import * as v from 'valibot';
import { fromHex, type Hash, isHash, toHex } from '../../wire/hex.ts';
import { sign, verifySignature } from '../../wire/signatures.ts';
import { type AuditReport, auditReportSchema } from './audit-report.ts';

/** The most bytes of a report's file that are read. */
export const maxReportBytes = 1 << 21;

/** What a signature of a report begins with, so that it is no signature of anything else. */
const purpose = 'tapestry audit report v1';

const signatureText = v.pipe(v.string(), v.regex(/^[0-9a-f]{128}$/));
const fileSchema = v.strictObject({
  report: auditReportSchema,
  key: v.pipe(v.string(), v.check(isHash)),
  signature: signatureText,
});

/** Whoever signs reports: an Ed25519 key. */
export interface Auditor {
  readonly publicKey: Uint8Array;
  readonly privateKey: CryptoKey;
}

export interface SignedReport {
  readonly report: AuditReport;
  /** The public key of whoever signed. */
  readonly key: Hash;
  /** False for a report that was changed after it was signed. */
  readonly isSigned: boolean;
}

function signedBytes(report: AuditReport): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(purpose + JSON.stringify(report));
}

/** The file of a report: one line of JSON. */
export async function signReport(report: AuditReport, auditor: Auditor): Promise<string> {
  const signature = toHex(await sign(auditor.privateKey, signedBytes(report)));
  return `${JSON.stringify({ report, key: toHex(auditor.publicKey), signature })}\n`;
}

/** Null for a file that no report is in, in the one spelling of `signReport`. */
export async function readReport(bytes: Uint8Array): Promise<SignedReport | null> {
  const text = new TextDecoder().decode(bytes);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  const file = v.safeParse(fileSchema, parsed);
  if (!file.success || `${JSON.stringify(file.output)}\n` !== text) return null;
  const { report, key, signature } = file.output;
  return {
    report,
    key,
    isSigned: await verifySignature(fromHex(key), signedBytes(report), fromHex(signature)),
  };
}
