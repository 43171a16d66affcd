import type { Random } from '../../../../client/random.ts';
import type { EventQueue } from './event-queue.ts';
import { messageBytes } from './messages.ts';

/** What the network does to messages, as shares from 0 to 1. */
export interface NetworkFaults {
  /** Packets that are lost: TCP sends them again, which takes time. */
  readonly loss: number;
  /** Messages that vanish, arrive twice, or are overtaken. TCP does none of these, so this is harder than a real network. */
  readonly vanish: number;
  readonly duplicate: number;
  readonly reorder: number;
}

/** One end's way to the network. Rates are bytes a millisecond, `latency` is one way in milliseconds. */
export interface Link {
  readonly latency: number;
  readonly upload: number;
  readonly download: number;
  /** Partitions that cut it now. */
  cuts: number;
  /** Until when each direction is busy, and when the last message of each arrives. */
  upBusy: number;
  downBusy: number;
  lastUp: number;
  lastDown: number;
  /** Messages that could not pass: TCP sends them again when the line is back, in their order. */
  readonly held: (() => void)[];
  /** When those arrive that were held until the line was back. */
  heldUntil: number;
}

export function linkOf(latency: number, upload: number, download: number): Link {
  return {
    latency,
    upload,
    download,
    cuts: 0,
    upBusy: 0,
    downBusy: 0,
    lastUp: 0,
    lastDown: 0,
    held: [],
    heldUntil: 0,
  };
}

/** How long TCP waits before it sends a lost packet again; twice as long each time. */
const resendMs = 200;
const mostResends = 6;

/** An end that waits for bytes gives up after so long without any. */
const stallMs = 20_000;

/** A base on its way to a node. */
interface Download {
  readonly link: Link;
  readonly bytes: number;
  readonly arrive: () => void;
  readonly lost: () => void;
  isWanted: boolean;
}

/**
 * Messages between the relay and its nodes. A message waits for its node's line and for the relay's, which all nodes share;
 * then it takes the latency. The cost of a message is O(1) for any number of nodes.
 */
export class Network {
  readonly bytes = { up: 0, down: 0 };
  /** On a connection that lasts, every message comes, and in order. */
  readonly isOrdered: boolean;
  /** No message is lost, doubled or overtaken any more. */
  healed = false;
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #faults: NetworkFaults;
  readonly #relay: Link;
  /** Those that the relay's line has not begun to send, the oldest first from `#first` on. */
  #downloads: Download[] = [];
  #first = 0;
  #isSending = false;

  constructor(queue: EventQueue, random: Random, faults: NetworkFaults, relay: Link) {
    this.#queue = queue;
    this.#random = random;
    this.#faults = faults;
    this.isOrdered = faults.vanish + faults.duplicate + faults.reorder === 0;
    this.#relay = relay;
  }

  /**
   * Sends `bytes` from a node to the relay; `arrive` runs when they are there, which may be never or twice. `lost` runs
   * `stallMs` after a moment at which they should have arrived and did not.
   */
  up(link: Link, bytes: number, arrive: () => void, lost?: () => void): void {
    const sent = this.#sent(bytes, link.upBusy, link.upload, this.#relay.downBusy, this.#relay.download);
    [link.upBusy, this.#relay.downBusy] = sent.busy;
    this.bytes.up += bytes;
    link.lastUp = this.#deliver(this.#moment(sent.at, link), link.lastUp, link, arrive, lost);
  }

  /** Sends a short message from the relay to a node. */
  down(link: Link, bytes: number, arrive: () => void, lost?: () => void): void {
    const sent = this.#sent(bytes, link.downBusy, link.download, this.#relay.upBusy, this.#relay.upload);
    [link.downBusy, this.#relay.upBusy] = sent.busy;
    this.bytes.down += bytes;
    link.lastDown = this.#deliver(this.#moment(sent.at, link), link.lastDown, link, arrive, lost);
  }

  /**
   * Sends `bytes` from the relay to a node over a connection of its own: no message waits for it. The returned function ends it. What
   * the relay's line has not begun to send then takes no time of it, as when a client closes its request.
   */
  download(link: Link, bytes: number, arrive: () => void, lost: () => void): () => void {
    const download = { link, bytes, arrive, lost, isWanted: true };
    this.#downloads.push(download);
    this.#sendNext();
    return () => {
      download.isWanted = false;
    };
  }

  #sendNext(): void {
    if (this.#isSending) return;
    let next = this.#downloads[this.#first++];
    while (next?.isWanted === false) next = this.#downloads[this.#first++];
    if (next === undefined) {
      this.#downloads = [];
      this.#first = 0;
      return;
    }
    const { link, bytes, arrive, lost } = next;
    const { now } = this.#queue;
    const sent = this.#sent(bytes, link.downBusy, link.download, this.#relay.upBusy, this.#relay.upload);
    [link.downBusy, this.#relay.upBusy] = sent.busy;
    this.bytes.down += bytes;
    this.#deliver(this.#moment(sent.at, link), 0, link, arrive, lost);
    this.#isSending = true;
    this.#queue.after(sent.busy[1] - now, () => {
      this.#isSending = false;
      this.#sendNext();
    });
  }

  /** When `bytes` have left, and until when the two lines are busy. Short messages pass between the packets of long ones. */
  #sent(bytes: number, own: number, ownRate: number, relay: number, relayRate: number) {
    const { now } = this.#queue;
    const busy = [Math.max(own, now) + bytes / ownRate, Math.max(relay, now) + bytes / relayRate] as const;
    const at = bytes > messageBytes ? Math.max(...busy) : now + bytes / ownRate;
    return { busy, at };
  }

  /** When a message that leaves at `sent` arrives, with what TCP sends again. */
  #moment(sent: number, link: Link): number {
    let at = sent + link.latency * (0.75 + this.#random.uniform() / 2);
    for (let resends = 0; resends < mostResends && this.#happens(this.#faults.loss); resends++)
      at += resendMs * 2 ** resends;
    return at;
  }

  /** Schedules the arrival after the message before; returns when that is. */
  #deliver(
    moment: number,
    last: number,
    link: Link,
    arrive: () => void,
    lost: (() => void) | undefined,
  ): number {
    const misses = () => {
      if (lost !== undefined) this.#queue.after(stallMs, lost);
      else if (this.#faults.vanish === 0) link.held.push(arrives);
    };
    const arrives = () => {
      if (link.cuts > 0) misses();
      // What was held has not arrived yet, and comes first.
      else if (this.#queue.now < link.heldUntil) this.#queue.at(link.heldUntil, arrives);
      else arrive();
    };
    if (this.#happens(this.#faults.vanish)) {
      this.#queue.at(moment, misses);
      return last;
    }
    const isOvertaken = this.#happens(this.#faults.reorder);
    const at = isOvertaken ? moment + this.#random.uniform() * 20 * link.latency : Math.max(moment, last);
    // What is under way when the line is cut does not arrive.
    this.#queue.at(at, arrives);
    if (this.#happens(this.#faults.duplicate)) this.#queue.at(at + this.#random.uniform() * 60_000, arrives);
    return isOvertaken ? last : at;
  }

  /** The line is no longer cut: what was held arrives before anything else. */
  resume(link: Link): void {
    const at = this.#queue.now + link.latency;
    for (const arrive of link.held.splice(0)) this.#queue.at(at, arrive);
    link.heldUntil = at;
    [link.lastUp, link.lastDown] = [Math.max(link.lastUp, at), Math.max(link.lastDown, at)];
  }

  #happens(share: number): boolean {
    return share > 0 && !this.healed && this.#random.uniform() < share;
  }
}
