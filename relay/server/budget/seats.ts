import type { NodeKey } from '../../wire/hex.ts';

interface Taken {
  readonly holder: string;
  /** Connections of the key now. */
  connections: number;
}

/**
 * Bounds the keys that one holder brings to a round. A holder is an invitation, or an address where there is no token. A key
 * takes a seat when it joins. If it leaves, it keeps the seat until the attempt at the round ends: otherwise one process
 * could contribute with one key after another and decide the round alone.
 */
export class Seats {
  readonly #taken = new Map<NodeKey, Taken>();
  readonly #counts = new Map<string, number>();

  /** True if the holder has a seat for `key`: its own, or one of `most` that no other key has taken. */
  hasRoom(key: NodeKey, holder: string, most: number): boolean {
    return this.#taken.get(key)?.holder === holder || (this.#counts.get(holder) ?? 0) < most;
  }

  /** Takes a seat for one more connection of `key`; false if the holder has no room for it. */
  take(key: NodeKey, holder: string, most: number): boolean {
    if (!this.hasRoom(key, holder, most)) return false;
    const before = this.#taken.get(key);
    const isOwn = before?.holder === holder;
    if (!isOwn) this.#add(holder, 1);
    if (before !== undefined && !isOwn) this.#add(before.holder, -1);
    this.#taken.set(key, { holder, connections: (before?.connections ?? 0) + 1 });
    return true;
  }

  /** One connection of the key closed. */
  leave(key: NodeKey): void {
    const taken = this.#taken.get(key);
    if (taken !== undefined) taken.connections--;
  }

  /** The attempt at a round ended: seats of keys that are not connected are free. */
  roundEnded(): void {
    for (const [key, { holder, connections }] of this.#taken) {
      if (connections > 0) continue;
      this.#taken.delete(key);
      this.#add(holder, -1);
    }
  }

  #add(holder: string, more: number): void {
    const count = (this.#counts.get(holder) ?? 0) + more;
    if (count > 0) this.#counts.set(holder, count);
    else this.#counts.delete(holder);
  }
}
