import * as v from 'valibot';
import { headOf, openCheckpoint, type Signer } from '../checkpoint.ts';
import { decodeManifest, runIdOf } from '../frames.ts';
import { fromHex, type Hash, isHash, toHex } from '../hex.ts';
import { rootsOfPath, same, type TreeHead } from '../merkle.ts';
import { isSignedReceipt, receiptIn } from './receipt.ts';

/**
 * The proof that a relay signed two journals of one run. It needs nothing beside it: the manifest names the relay's key
 * and its hash is the run's id, and the two statements carry the relay's signatures.
 */
export interface ForkProof {
  /** The bytes of the run's manifest. */
  readonly manifest: Uint8Array;
  /** The statement of the shorter journal: a checkpoint as text, or a receipt as the frame of an Acknowledgement. */
  readonly earlier: Statement;
  /** The checkpoint of the other journal, which is at least as long. */
  readonly later: Uint8Array;
  /**
   * The entry of the later journal that shows the contradiction, with its inclusion proof in `later`: the entry of a
   * receipt's sequence, or the entry after a checkpoint's last. Null if the checkpoints have the same size.
   */
  readonly entry: ProvenEntry | null;
}

export interface Statement {
  readonly kind: 'checkpoint' | 'receipt';
  readonly bytes: Uint8Array;
}

export interface ProvenEntry {
  readonly hash: Hash;
  readonly path: readonly Uint8Array[];
}

/** The longest file of a proof that is read: a manifest of 64 KiB in hex, and room for the rest. */
export const maxForkProofBytes = 1 << 18;

const hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})*$/));
const hash = v.pipe(v.string(), v.check(isHash));
const proofSchema = v.strictObject({
  manifest: hex,
  earlier: v.union([v.strictObject({ checkpoint: v.string() }), v.strictObject({ receipt: hex })]),
  later: v.strictObject({ checkpoint: v.string() }),
  entry: v.nullable(v.strictObject({ hash, path: v.pipe(v.array(hash), v.maxLength(53)) })),
});

/** The proof as JSON. */
export function encodeForkProof({ manifest, earlier, later, entry }: ForkProof): Uint8Array<ArrayBuffer> {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const file: v.InferOutput<typeof proofSchema> = {
    manifest: toHex(manifest),
    earlier:
      earlier.kind === 'checkpoint' ? { checkpoint: text(earlier.bytes) } : { receipt: toHex(earlier.bytes) },
    later: { checkpoint: text(later) },
    entry: entry && { hash: entry.hash, path: entry.path.map(toHex) },
  };
  return new TextEncoder().encode(`${JSON.stringify(file, null, 2)}\n`);
}

/** Null for bytes that are not a proof's JSON. Whether it proves a fork, `checkForkProof` says. */
export function decodeForkProof(bytes: Uint8Array): ForkProof | null {
  if (bytes.length > maxForkProofBytes) return null;
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
  const parsed = v.safeParse(proofSchema, json);
  if (!parsed.success) return null;
  const { manifest, earlier, later, entry } = parsed.output;
  const note = (text: string) => new TextEncoder().encode(text);
  return {
    manifest: fromHex(manifest),
    earlier:
      'checkpoint' in earlier
        ? { kind: 'checkpoint', bytes: note(earlier.checkpoint) }
        : { kind: 'receipt', bytes: fromHex(earlier.receipt) },
    later: note(later.checkpoint),
    entry: entry && { hash: entry.hash, path: entry.path.map(fromHex) },
  };
}

/** A fork that was proved: the run, its relay's key, and the contradiction in a sentence. */
export interface ProvedFork {
  readonly run: Hash;
  readonly relayKey: Hash;
  readonly contradiction: string;
}

/** The fork that a proof shows; null if it shows none. Checks signatures and hashes, and trusts nothing else. */
export async function checkForkProof(proof: ForkProof): Promise<ProvedFork | null> {
  const signer = signerOf(proof.manifest);
  const later = signer && (await openCheckpoint(proof.later, signer));
  if (signer === null || later === null) return null;
  const contradiction = await contradictionOf(proof, later, signer);
  if (contradiction === null) return null;
  return { run: toHex(signer.run), relayKey: toHex(signer.publicKey), contradiction };
}

function signerOf(manifest: Uint8Array): Signer | null {
  try {
    return { run: runIdOf(manifest), publicKey: decodeManifest(manifest).relayKey };
  } catch {
    return null;
  }
}

async function contradictionOf(
  { earlier, entry }: ForkProof,
  later: TreeHead,
  signer: Signer,
): Promise<string | null> {
  if (earlier.kind === 'checkpoint') {
    const head = await openCheckpoint(earlier.bytes, signer);
    if (head === null) return null;
    const before = entry === null ? sameSizeRoot(head, later) : rootBefore(head.size, entry, later);
    if (before === null || same(before, head.root)) return null;
    return `the first ${head.size} entries have the root ${toHex(head.root)} in one journal and ${toHex(before)} in the other`;
  }
  const receipt = receiptIn(earlier.bytes);
  if (receipt === null || entry === null || !(await isSignedReceipt(receipt, signer))) return null;
  const sequence = Number(receipt.sequence);
  if (rootBefore(sequence - 1, entry, later) === null) return null;
  const received = toHex(receipt.entry);
  if (received === entry.hash) return null;
  return `entry ${sequence} has the hash ${received} in the journal of the receipt and ${entry.hash} in the other`;
}

function sameSizeRoot(head: TreeHead, later: TreeHead): Uint8Array | null {
  return head.size === later.size ? later.root : null;
}

/** The root of the first `index` entries of the journal of `later`, if `entry` is proved to be the next one; else null. */
function rootBefore(index: number, { hash, path }: ProvenEntry, later: TreeHead): Uint8Array | null {
  const roots = rootsOfPath(index, later.size, fromHex(hash), path);
  return roots !== null && same(roots.root, later.root) ? roots.before : null;
}

/**
 * The entry that proves the contradiction between a statement and a longer journal of `size` entries: its sequence. Null
 * if no entry is needed. Throws RangeError for bytes that are not a statement.
 */
export function provingSequence({ kind, bytes }: Statement, size: number): number | null {
  if (kind === 'receipt') {
    const receipt = receiptIn(bytes);
    if (receipt !== null) return Number(receipt.sequence);
  } else {
    const head = headOf(bytes);
    if (head !== null) return head.size === size ? null : head.size + 1;
  }
  throw new RangeError(`these bytes are not a ${kind}`);
}
