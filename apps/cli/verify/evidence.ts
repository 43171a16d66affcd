import { TapestryError } from '../../../client/errors.ts';
import { readRegularFile } from '../../../client/host/regular-file.ts';
import { type Kept, keptReceipts } from '../../../relay/verify/kept.ts';
import {
  decodeForkProof,
  type ForkProof,
  maxForkProofBytes,
} from '../../../relay/wire/evidence/fork-proof.ts';

/** The most bytes of a file of evidence that is read: a node stores fewer. */
const maxEvidenceBytes = 1 << 22;

/** The checkpoint in a file. Throws `usage.checkpoint`. */
export async function checkpointIn(path: string): Promise<Kept> {
  return { kind: 'checkpoint', place: path, bytes: await readEvidence('checkpoint', path, maxEvidenceBytes) };
}

/** The receipts in a node's file, of which there is at least one. Throws `usage.receipt`. */
export async function receiptsOf(path: string): Promise<Kept[]> {
  const receipts = keptReceipts(path, await readEvidence('receipt', path, maxEvidenceBytes));
  if (receipts.length === 0) throw unreadable('receipt', path, 'holds no receipt');
  return receipts;
}

/** The proof of a fork in a file; null if `path` names no file or one that is not such a proof. */
export async function forkProofIn(path: string): Promise<ForkProof | null> {
  const bytes = await readRegularFile(path, maxForkProofBytes).catch(() => null);
  return bytes && decodeForkProof(bytes);
}

async function readEvidence(kind: Kept['kind'], path: string, most: number): Promise<Uint8Array> {
  try {
    return await readRegularFile(path, most);
  } catch (cause) {
    throw unreadable(kind, path, 'cannot be read', cause);
  }
}

function unreadable(kind: Kept['kind'], path: string, why: string, cause?: unknown): TapestryError {
  return new TapestryError(`usage.${kind}`, `${path} ${why}.`, `Name the file of a ${kind}.`, { cause });
}
