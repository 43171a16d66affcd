import type { NodeKey } from '../../wire/hex.ts';
import type { Budget } from './budget.ts';

/** Counts the messages of one connection against its address and, once the node has joined, against its key. */
export class MessageMeter {
  readonly #budget: Budget;
  readonly #address: string;
  readonly #freeFrame: number;
  #key: NodeKey | null = null;

  /** A frame of at least `freeFrame` bytes is not counted. */
  constructor(budget: Budget, address: string, freeFrame: number) {
    this.#budget = budget;
    this.#address = address;
    this.#freeFrame = freeFrame;
  }

  /** The node joined with this key: leaving and joining again earns it no more messages. */
  joined(key: NodeKey): void {
    this.#key = key;
  }

  /** Counts a frame; false if it is too many. */
  spend(bytes: number): boolean {
    if (bytes >= this.#freeFrame) return true;
    if (this.#key !== null && !this.#budget.spend('key-messages', this.#key)) return false;
    return this.#budget.spend('messages', this.#address);
  }

  /** Resolves when the next message may be handled; null if it may be at once. */
  turn(): Promise<void> | null {
    return this.#budget.turns.take(this.#address);
  }
}
