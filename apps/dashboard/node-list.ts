import type { RelayStatus } from '../../relay/wire/status.ts';
import { messages } from '../ui/messages.ts';

export type Node = RelayStatus['nodes'][number];

export interface ShownNode {
  readonly node: Node;
  readonly leaving: boolean;
  /** When it began to leave, on the caller's clock. */
  readonly since: number;
}

/** A node's corpus and the begin of its id, by which a person tells it from others. */
export function nameOfNode({ id, corpus }: Pick<Node, 'id' | 'corpus'>): string {
  return `${corpus ?? messages.ownText} ${id.slice(0, 6)}`;
}

/** Milliseconds that a node's card stays after its node has gone. */
export const farewell = 1_500;

/**
 * Carries the shown list over to the nodes that are there now. Those present keep their places and newcomers go to
 * the end, so that nothing jumps; one that has gone stays for its farewell.
 */
export function followNodes(
  shown: readonly ShownNode[],
  nodes: readonly Node[],
  now: number,
): readonly ShownNode[] {
  const present = new Map(nodes.map((node) => [node.id, node]));
  const kept = shown.flatMap((entry): ShownNode[] => {
    const node = present.get(entry.node.id);
    present.delete(entry.node.id);
    if (node !== undefined) return [{ node, leaving: false, since: now }];
    const since = entry.leaving ? entry.since : now;
    return now - since < farewell ? [{ node: entry.node, leaving: true, since }] : [];
  });
  return [...kept, ...[...present.values()].map((node) => ({ node, leaving: false, since: now }))];
}
