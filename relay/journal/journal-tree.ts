import { checkpointNote, type Signer, signCheckpoint } from '../wire/checkpoint.ts';
import { fromHex, toHex } from '../wire/hex.ts';
import type { TreeHead } from '../wire/merkle.ts';
import type { Entry } from './entry.ts';
import { MerkleTree, type ReadLeaves } from './merkle.ts';

/** A checkpoint as a journal entry keeps it. It covers all entries before that one. */
export interface EntryCheckpoint {
  /** Root and Ed25519 signature, hex. */
  readonly root: string;
  readonly signature: string;
}

/** The Merkle tree over a run's journal, and the newest checkpoint in it. */
export class JournalTree implements TreeHead {
  readonly #signer: Signer;
  readonly #tree = new MerkleTree();
  /** The newest checkpoint as a signed note; null before the first commit. */
  checkpoint: Uint8Array<ArrayBuffer> | null = null;

  constructor(signer: Signer) {
    this.#signer = signer;
  }

  /** Entries so far. */
  get size(): number {
    return this.#tree.size;
  }

  /** The root of the tree over the entries so far. */
  get root(): Uint8Array {
    return this.#tree.root;
  }

  /** Adds the journal's next entry. */
  add(entry: Entry): void {
    if (entry.kind === 'round-committed' || entry.kind === 'run-complete') {
      const { root, signature } = entry.body.checkpoint;
      const head = { size: entry.sequence - 1, root: fromHex(root) };
      this.checkpoint = new TextEncoder().encode(checkpointNote(this.#signer, head, fromHex(signature)));
    }
    this.#tree.append(fromHex(entry.hash));
  }

  /** The checkpoint for the entry that comes next. It leaves the relay only once that entry is durable. */
  async sign(key: CryptoKey): Promise<EntryCheckpoint> {
    const { size, root } = this;
    const signature = await signCheckpoint(key, this.#signer.run, { size, root });
    return { root: toHex(root), signature: toHex(signature) };
  }

  /** See `MerkleTree`; null for sizes that this tree does not have. */
  consistency(from: number, to: number, read: ReadLeaves): Promise<Uint8Array[]> | null {
    if (from < 1 || from > to || to > this.#tree.size) return null;
    return this.#tree.consistencyProof(from, to, read);
  }

  /** The proof that entry `sequence` is among the first `size`; null for sizes that this tree does not have. */
  inclusion(sequence: number, size: number, read: ReadLeaves): Promise<Uint8Array[]> | null {
    if (sequence < 1 || sequence > size || size > this.#tree.size) return null;
    return this.#tree.inclusionProof(sequence - 1, size, read);
  }
}
