import type { NodeKey } from '../wire/hex.ts';
import type { Budget } from './budget/budget.ts';
import type { MessageMeter } from './budget/message-meter.ts';
import type { Place } from './budget/places.ts';

export interface SlotParts {
  readonly address: string;
  readonly meter: MessageMeter;
  readonly place: Place;
  readonly joining: Place;
  /** Pins the TCP connection. */
  readonly pin: () => void;
}

/** What one connection of a node holds of the budget. */
export class ConnectionSlot {
  readonly address: string;
  readonly #budget: Budget;
  readonly #parts: SlotParts;
  #gone: () => void = () => {};

  constructor(budget: Budget, parts: SlotParts) {
    this.address = parts.address;
    this.#budget = budget;
    this.#parts = parts;
  }

  /** The node joined with `key`, which has a seat: its connection gives way to nobody. */
  joined(key: NodeKey): void {
    const { address, meter, joining, pin } = this.#parts;
    joining.leave();
    pin();
    meter.joined(key);
    const leave = this.#budget.joined(address);
    this.#gone = () => {
      leave();
      this.#budget.seats.leave(key);
    };
  }

  /** The connection is closed. */
  left(): void {
    this.#gone();
    this.#parts.joining.leave();
    this.#parts.place.leave();
  }
}
