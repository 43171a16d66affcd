import { expect } from 'vitest';
import {
  type RoundEffect,
  type RoundEvent,
  type RoundLimits,
  type RoundState,
  reduce,
  refusalOf,
  waiting,
} from '../../../relay/run/round.ts';
import { RefusalCode } from '../../../relay/wire/tapestry_pb.js';

export const base = 'b'.repeat(64);

/** Events with the names of nodes; the machine only counts them. */
type NodeEvent = { readonly time: number } & (
  | { readonly type: 'tick' | 'ending' }
  | { readonly type: 'held'; readonly isHeld: boolean }
  | { readonly type: 'extended'; readonly milliseconds: number }
  | { readonly type: 'joined' | 'left' | 'rested' | 'returned' | 'contributed'; readonly key: string }
);

/** Reduces events and confirms each effect at once, like a disk that never fails. Keeps the nodes behind the counts. */
export class Machine {
  state: RoundState;
  readonly log: string[] = [];
  readonly limits: RoundLimits;
  readonly connected = new Set<string>();
  /** Connected nodes that take no part. */
  readonly resting = new Set<string>();
  contributed: Set<string>;
  expected: Set<string>;

  constructor(bounds: RoundLimits, state = waiting(1, 0, base), contributed: readonly string[] = []) {
    this.limits = bounds;
    this.state = state;
    this.contributed = new Set(contributed);
    this.expected = new Set(contributed);
  }

  take(event: NodeEvent): void {
    if (event.type === 'left' && this.resting.has(event.key)) this.take({ ...event, type: 'returned' });
    let reaction = reduce(this.state, this.#counted(event), this.limits);
    this.state = reaction.state;
    for (let turns = 0; reaction.effect !== null; turns++) {
      if (turns > 10) throw new Error('the machine turns on the spot');
      if (reaction.effect !== 'close') {
        this.log.push(`${reaction.effect} ${this.state.round}: ${[...this.contributed].sort().join('')}`);
        this.contributed = new Set();
      }
      if (reaction.effect === 'open') this.expected = new Set(this.#taking());
      reaction = reduce(this.state, this.#confirmed(reaction.effect, event.time), this.limits);
      this.state = reaction.state;
    }
    const awaited = this.#taking().filter((key) => !this.contributed.has(key)).length;
    expect(this.state.connected).toBe(this.connected.size);
    expect(this.state.resting).toBe(this.resting.size);
    expect(this.state.contributions).toBe(this.contributed.size);
    if (this.state.phase === 'open') {
      expect(this.state.awaited).toBe(awaited);
      const heard = [...this.expected].filter((key) => this.contributed.has(key));
      const here = [...this.expected].filter(
        (key) => this.contributed.has(key) || this.#taking().includes(key),
      );
      expect(this.state).toMatchObject({ heard: heard.length, expected: here.length });
    }
    // The state holds counts and no sets, so an event costs the same in a round of 2 nodes and of 1,000.
    expect(Object.values(this.state).every((value) => typeof value !== 'object' || value === null)).toBe(
      true,
    );
  }

  #counted(event: NodeEvent): RoundEvent {
    const { time } = event;
    if (!('key' in event)) return event;
    const { key } = event;
    switch (event.type) {
      case 'contributed':
        this.contributed.add(key);
        return {
          type: 'contributed',
          isConnected: this.#taking().includes(key),
          isExpected: this.expected.has(key),
          time,
        };
      case 'joined':
        if (this.connected.has(key)) return { type: 'tick', time };
        this.connected.add(key);
        if (this.state.returnsUntil !== null) this.expected.add(key);
        return this.#connection('joined', key, time);
      case 'left':
        if (!this.connected.delete(key)) return { type: 'tick', time };
        return this.#connection('left', key, time);
      case 'rested':
        if (!this.connected.has(key) || this.resting.has(key)) return { type: 'tick', time };
        this.resting.add(key);
        return this.#connection('rested', key, time);
      case 'returned':
        if (!this.resting.delete(key)) return { type: 'tick', time };
        return this.#connection('returned', key, time);
    }
  }

  #taking(): string[] {
    return [...this.connected].filter((key) => !this.resting.has(key));
  }

  #connection(type: 'joined' | 'left' | 'rested' | 'returned', key: string, time: number): RoundEvent {
    return { type, isAwaited: !this.contributed.has(key), isExpected: this.expected.has(key), time };
  }

  #confirmed(effect: RoundEffect, time: number): RoundEvent {
    switch (effect) {
      case 'open':
        return { type: 'opened', time };
      case 'close':
        return { type: 'closed', time };
      case 'commit':
        return { type: 'committed', base: `base ${this.state.round + 1}`, time };
      case 'abandon':
        return { type: 'abandoned', time };
      case 'complete':
        return { type: 'completed', time };
    }
  }

  refusal(key: string, time: number, offer: { round?: number; base?: string } = {}): RefusalCode | null {
    const { round, base } = { round: this.state.round, base: this.state.base, ...offer };
    const isExpected = this.expected.has(key);
    const isTwice = this.state.phase === 'open' && this.contributed.has(key);
    return (
      refusalOf(this.state, { round, base, isExpected, others: 0 }, time, this.limits) ??
      (isTwice ? RefusalCode.DUPLICATE : null)
    );
  }
}
