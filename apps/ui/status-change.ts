import type { StatusChange, StatusSnapshot } from '../../relay/wire/status.ts';

/** The status after `change`; null if the change does not follow directly, so that its reader needs a new snapshot. */
export function applied(snapshot: StatusSnapshot, change: StatusChange): StatusSnapshot | null {
  const { sequence, joined = [], progressed = [], left = [] } = change;
  if (sequence !== snapshot.sequence + 1) return null;
  const parts = {
    round: change.round ?? snapshot.round,
    base: change.base ?? snapshot.base,
    totals: change.totals ?? snapshot.totals,
    sample: change.sample === undefined ? snapshot.sample : change.sample,
    ...(change.evaluation === undefined ? {} : { evaluation: change.evaluation }),
    ...(change.speech === undefined ? {} : { speech: change.speech }),
  };
  if (joined.length + progressed.length + left.length === 0) return { ...snapshot, ...parts, sequence };
  const nodes = new Map(snapshot.nodes.map((node) => [node.id, node]));
  for (const id of left) nodes.delete(id);
  for (const node of joined) nodes.set(node.id, node);
  for (const [id, state, steps, tokensPerSecond, trainingLoss, heldOutLoss, ...totals] of progressed) {
    const node = nodes.get(id);
    // A snapshot may already lack a node whose last progress is still told.
    if (node === undefined) continue;
    const [tokens, contributions, bytesUp, bytesDown] = totals;
    const reported = { state, steps, tokensPerSecond, trainingLoss, heldOutLoss };
    nodes.set(id, { ...node, ...reported, tokens, contributions, bytesUp, bytesDown });
  }
  return { ...snapshot, ...parts, sequence, nodes: [...nodes.values()] };
}
