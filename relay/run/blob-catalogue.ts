import type { Replay } from '../journal/replay.ts';
import { type Hash, toHex } from '../wire/hex.ts';
import { deltasBetween } from './retention/kept-deltas.ts';

/**
 * Who may read which blob of a run. Bases and the deltas between them, the other vectors of a state, the tokenizer's files and the
 * probe are public. Everything else is the payload of a contribution: until its round commits nobody may read it, since an abandoned attempt's may count in
 * the next, but in a run with evaluators only until an attempt is closed; then the manifest's readers.
 */
export class BlobCatalogue {
  readonly #replay: Replay;
  readonly #public: Set<Hash>;
  #seen = 0;

  constructor(replay: Replay) {
    this.#replay = replay;
    const { initialBase, tokenizer, guard } = replay.run.manifest;
    this.#public = new Set([toHex(initialBase)]);
    if (tokenizer.case === 'file')
      for (const hash of [tokenizer.value.hash, tokenizer.value.configHash]) this.#public.add(toHex(hash));
    if (guard.case === 'probe') this.#public.add(toHex(guard.value.hash));
  }

  /** Who may read the blob with this hash, if there is one. */
  readersOf(hash: Hash): 'anyone' | 'readers' | 'nobody' {
    const { states, deltas } = this.#replay;
    for (; this.#seen < states.length; this.#seen++) {
      for (const vector of states[this.#seen] ?? []) this.#public.add(vector);
      const delta = deltas[this.#seen];
      if (delta !== undefined) this.#public.add(delta);
    }
    if (this.#public.has(hash)) return 'anyone';
    return this.#replay.recent.isUnderWay(hash) ? 'nobody' : 'readers';
  }

  /** See `deltasBetween`. */
  deltas(from: Hash, to: Hash): readonly Hash[] | null {
    return deltasBetween(this.#replay, from, to);
  }
}
