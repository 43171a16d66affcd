import type { Random } from '../../../../client/random.ts';
import type { NodeNumber, ToNode, ToRelay, VirtualOffer } from '../world/messages.ts';
import { baseHash } from '../world/virtual-base.ts';
import type { RelayAcceptances } from './acceptances.ts';
import type { VirtualEntry } from './journal.ts';
import type { RoundOptions, RoundWorld } from './round-options.ts';
import type { RelayRounds } from './rounds.ts';

export interface RelayOptions extends RoundOptions {
  readonly payloadBytes: number;
}

/** What the relay needs of its world. */
export interface RelayWorld extends RoundWorld {
  readonly random: Random;
  sendToNode(node: NodeNumber, connection: number, message: ToNode): void;
  /** An entry was applied. `connected` are the nodes that had joined. */
  journaled(entry: VirtualEntry, connected: ReadonlySet<NodeNumber>): void;
}

/** A joined node's connection. */
export interface Port {
  readonly connection: number;
  openedRound: number | null;
  upload: 'none' | 'open' | 'refused';
}

/** What one process of the relay has in memory. */
export interface Process {
  readonly rounds: RelayRounds;
  readonly acceptances: RelayAcceptances;
  readonly ports: Map<NodeNumber, Port>;
  readonly offers: Map<NodeNumber, VirtualOffer>;
  /** Messages of nodes behind an arrival that waits for its round. */
  readonly behind: Map<NodeNumber, ToRelay[]>;
}

/** What nodes are told at the end of an attempt. */
export function closing(
  entry: VirtualEntry & { readonly kind: 'round-committed' | 'round-closed' | 'round-abandoned' },
): ToNode {
  if (entry.kind !== 'round-committed') return { kind: 'abandoned', round: entry.round };
  const { round, contributions, tokens } = entry;
  return { kind: 'committed', round, base: baseHash(entry.base), contributions, tokens, fate: null };
}
