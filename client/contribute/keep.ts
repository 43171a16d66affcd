import { decodeToNode, encodeToNode } from '../../relay/wire/frames.ts';
import { toHex } from '../../relay/wire/hex.ts';
import type { Acknowledgement } from '../../relay/wire/tapestry_pb.js';
import { TapestryError } from '../errors.ts';
import type { Agreement } from './agreement.ts';
import { download, hashOf } from './download.ts';
import type { Files, Host } from './host.ts';
import { decodeState, encodeState, type SavedState } from './state.ts';

const baseName = 'base.bin';
const receiptName = 'receipt.bin';
/** A run has a state of its own: joining another run writes over nothing. */
const stateName = (run: string) => `state-${run.slice(0, 16)}.bin`;

/** A node's state, and its contribution's receipt if that was accepted. */
export interface Saved {
  readonly state: SavedState;
  readonly receipt: Acknowledgement | null;
}

/** What a node keeps in its folder besides its key: its state of the run, the last receipt, and the current base. */
export class Keep {
  readonly #host: Host;
  readonly #files: Files;
  readonly #relay: URL;
  #base: { readonly hash: string; readonly parameters: Float32Array<ArrayBuffer> } | null = null;

  constructor(host: Host, relay: URL) {
    this.#host = host;
    this.#files = host.files;
    this.#relay = relay;
  }

  async save(run: string, state: SavedState): Promise<void> {
    await this.#files.write(stateName(run), await encodeState(run, state));
  }

  /**
   * The saved state of the run, and its contribution's receipt if that was accepted; null where there is none.
   * A contribution may be accepted in a later attempt than it was made in: the receipt says which.
   * @throws TapestryError `state.unreadable`
   */
  async load({ run, layout }: Agreement): Promise<Saved | null> {
    const bytes = await this.#files.read(stateName(run));
    if (bytes === null) return null;
    const state = await decodeState(bytes, run, layout.length);
    const receipt = receiptOf(await this.#files.read(receiptName));
    const payload = await hashOf(state.contribution.payload);
    return { state, receipt: receipt !== null && toHex(receipt.payload) === payload ? receipt : null };
  }

  /** Keeps the relay's receipt as it came: whoever has the run's manifest can check it. */
  async saveReceipt(acknowledgement: Acknowledgement): Promise<void> {
    await this.#files.write(receiptName, encodeToNode({ case: 'acknowledgement', value: acknowledgement }));
  }

  /**
   * The parameters that hash to `hash`, from memory, the folder or the relay, and how many bytes the relay sent.
   * @throws TapestryError `relay.unreachable` or `relay.bad-blob`
   */
  async base(
    hash: string,
    length: number,
    signal: AbortSignal,
  ): Promise<{ parameters: Float32Array<ArrayBuffer>; fetched: number }> {
    if (this.#base?.hash === hash) return { parameters: this.#base.parameters, fetched: 0 };
    // Only a process that has just started can find in the folder what it has not in memory.
    const kept = this.#base === null ? await this.#files.read(baseName) : null;
    const held = kept !== null && kept.length === length * 4 && (await hashOf(kept)) === hash;
    const bytes = held ? kept : await download(this.#host, this.#relay, hash, length * 4, signal);
    if (!held) await this.#files.write(baseName, bytes);
    signal.throwIfAborted();
    const parameters = new Float32Array(bytes.buffer, bytes.byteOffset, length);
    this.#base = { hash, parameters };
    return { parameters, fetched: held ? 0 : bytes.length };
  }
}

/** A stored receipt; null for what is none. */
function receiptOf(frame: Uint8Array | null): Acknowledgement | null {
  if (frame === null) return null;
  try {
    const message = decodeToNode(frame);
    return message.case === 'acknowledgement' ? message.value : null;
  } catch {
    return null;
  }
}

/** Whether an error says only that the saved state is of no use here. */
export function isUnusableState(error: unknown): error is TapestryError {
  return error instanceof TapestryError && /^(?:state|sampler)\./.test(error.code);
}
