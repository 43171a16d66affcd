import type { NodeKey } from '../../wire/hex.ts';
import type { Fate } from '../influence/fates.ts';

/** A line of metrics.jsonl, with the fields of the AI Alliance's Tapestry. Nodes are named by their keys. */
export interface RoundMetrics {
  readonly round_num: number;
  /** Nodes whose contributions count, and nodes whose contributions do not. */
  readonly accepted_nodes: readonly NodeKey[];
  readonly rejected_nodes: readonly NodeKey[];
  /** The part of the round's weight of each accepted node. */
  readonly contribution_weights: Readonly<Record<NodeKey, number>>;
  readonly max_node_weight: number;
  /** The L2 norm of the change of the base. */
  readonly shared_base_delta_norm: number;
  /** Always 0: derivatives never reach a relay. */
  readonly sovereign_artifact_count: number;
  /** The held-out loss of the base that each node measured. */
  readonly node_losses: Readonly<Record<NodeKey, number>>;
}

/** The metrics of a round that changed the base by a vector of L2 norm `change`. */
export function roundMetrics(
  round: number,
  contributions: readonly { readonly key: NodeKey; readonly heldOutLoss: number; readonly fate: Fate }[],
  change: number,
): RoundMetrics {
  const accepted = contributions.filter(({ fate }) => fate.share > 0);
  const rejected = contributions.filter(({ fate }) => fate.share === 0);
  return {
    round_num: round,
    accepted_nodes: accepted.map(({ key }) => key),
    rejected_nodes: rejected.map(({ key }) => key),
    contribution_weights: Object.fromEntries(accepted.map(({ key, fate }) => [key, fate.weight])),
    max_node_weight: accepted.reduce((most, { fate }) => Math.max(most, fate.weight), 0),
    shared_base_delta_norm: change,
    sovereign_artifact_count: 0,
    node_losses: Object.fromEntries(contributions.map(({ key, heldOutLoss }) => [key, heldOutLoss])),
  };
}
