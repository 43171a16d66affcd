import { headOf, openCheckpoint, type Signer } from '../wire/checkpoint.ts';
import type { Statement } from '../wire/evidence/fork-proof.ts';
import { isSignedReceipt, receiptIn, receiptsIn } from '../wire/evidence/receipt.ts';
import { encodeToNode } from '../wire/frames.ts';
import { type Hash, toHex } from '../wire/hex.ts';
import type { TreeHead } from '../wire/merkle.ts';
import type { Problem } from './problems.ts';

/** Evidence that somebody kept of a run: a statement that its relay signed. `place` is how a report names it. */
export interface Kept extends Statement {
  readonly place: string;
}

/** A receipt that a node kept, and the entry that it is for. */
export interface KeptReceipt extends Kept {
  readonly kind: 'receipt';
  readonly sequence: number;
}

/** The receipts in a node's file of them, whose name is `name`; none if it holds none. */
export function keptReceipts(name: string, bytes: Uint8Array): KeptReceipt[] {
  return receiptsIn(bytes).map((value) => ({
    kind: 'receipt',
    place: `${name}, receipt of entry ${value.sequence}`,
    sequence: Number(value.sequence),
    bytes: encodeToNode({ case: 'acknowledgement', value }),
  }));
}

/** What a node's file of receipts or of a checkpoint holds; nothing for any other file. Signatures are not checked. */
export function keptIn(name: string, bytes: Uint8Array): (Kept | KeptReceipt)[] {
  const receipts = keptReceipts(name, bytes);
  if (receipts.length > 0 || headOf(bytes) === null) return receipts;
  return [{ kind: 'checkpoint', place: name, bytes }];
}

/** What a statement says of the journal's entry `sequence`: its hash, or the root of the tree that ends with it. */
interface Claim {
  readonly kept: Kept;
  readonly sequence: number;
  readonly expected: Hash;
  readonly found: (entry: Hash, tree: TreeHead) => Hash;
}

/**
 * Compares a journal, entry by entry, with evidence that was kept of it. The relay's signature on the evidence and a
 * journal that differs from it are together proof that the relay showed two journals.
 */
export class KeptEvidence {
  readonly problems: Problem[] = [];
  /** The statements that this journal contradicts. */
  readonly contradicted: Statement[] = [];
  /** By the sequence of the entry that they are about. */
  readonly #claims = new Map<number, Claim[]>();

  /** Evidence whose signature is not by the relay of this run is itself a problem, and is not compared. */
  static async open(kept: readonly Kept[], signer: Signer): Promise<KeptEvidence> {
    const evidence = new KeptEvidence();
    for (const one of kept) {
      const claim = await claimOf(one, signer);
      if (claim === null) {
        const problem = `is not a ${one.kind} that the relay of this run signed`;
        evidence.problems.push({ code: 'evidence.unsigned', place: one.place, problem });
      } else {
        const others = evidence.#claims.get(claim.sequence) ?? [];
        evidence.#claims.set(claim.sequence, [...others, claim]);
      }
    }
    return evidence;
  }

  /** Compares the journal's next entry and the tree that ends with it. */
  compare(entry: Hash, tree: TreeHead): void {
    for (const { kept, sequence, expected, found } of this.#claims.get(tree.size) ?? []) {
      const here = found(entry, tree);
      if (here === expected) continue;
      const problem =
        kept.kind === 'checkpoint'
          ? `has the root ${expected} for the first ${sequence} entries, and this journal ${here}: the relay showed two journals`
          : `is for an entry ${sequence} with the hash ${expected}, and this journal’s has ${here}: the relay showed two journals`;
      this.problems.push({ code: 'journal.forked', values: [sequence], place: kept.place, problem });
      this.contradicted.push(kept);
    }
  }

  /** The journal has no more than `size` entries. */
  end(size: number): void {
    for (const { kept, sequence } of [...this.#claims.values()].flat()) {
      if (sequence <= size) continue;
      const problem = `names entry ${sequence}, but the journal has ${size} entries: its end was cut off`;
      this.problems.push({ code: 'journal.cut-off', values: [size, sequence], place: kept.place, problem });
    }
  }
}

/** Null for a statement that the relay did not sign. */
async function claimOf(kept: Kept, signer: Signer): Promise<Claim | null> {
  if (kept.kind === 'checkpoint') {
    const head = await openCheckpoint(kept.bytes, signer);
    if (head === null) return null;
    const found = (_: Hash, tree: TreeHead) => toHex(tree.root);
    return { kept, sequence: head.size, expected: toHex(head.root), found };
  }
  const receipt = receiptIn(kept.bytes);
  if (receipt === null || !(await isSignedReceipt(receipt, signer))) return null;
  const found = (entry: Hash) => entry;
  return { kept, sequence: Number(receipt.sequence), expected: toHex(receipt.entry), found };
}
