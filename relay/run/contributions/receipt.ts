import { create } from '@bufbuild/protobuf';
import type { Contribution } from '../../journal/contribution.ts';
import type { Accepted } from '../../journal/event-log.ts';
import type { Replay } from '../../journal/replay.ts';
import { fromHex, type Hash, type NodeKey } from '../../wire/hex.ts';
import { acknowledgementBytes, sign } from '../../wire/signatures.ts';
import { type Acknowledgement, AcknowledgementSchema } from '../../wire/tapestry_pb.js';

/** The receipt of a contribution that `attempt` accepted, signed with `key`. `checkpoint` is the journal's newest. */
export async function receiptOf(
  accepted: Accepted,
  attempt: number,
  relay: { readonly run: Hash; readonly key: CryptoKey; readonly checkpoint: Uint8Array | null },
): Promise<Acknowledgement> {
  const { round, payload } = accepted.body;
  const receipt = {
    round,
    attempt,
    payload: fromHex(payload),
    sequence: BigInt(accepted.sequence),
    checkpoint: relay.checkpoint ?? new Uint8Array(),
    entry: fromHex(accepted.hash),
  };
  const signature = await sign(relay.key, acknowledgementBytes(fromHex(relay.run), receipt));
  return create(AcknowledgementSchema, { ...receipt, signature });
}

/** What the open round or the last one accepted of a node's payload, and in which attempt; null if it has not. */
export function acceptedOf(
  { open, before }: Pick<Replay, 'open' | 'before'>,
  key: NodeKey,
  { payload, round }: Pick<Contribution, 'payload' | 'round'>,
): { readonly accepted: Accepted; readonly attempt: number } | null {
  for (const attempt of [open, before]) {
    const accepted = attempt?.contributions.get(key);
    if (attempt && accepted?.body.payload === payload && accepted.body.round === round)
      return { accepted, attempt: attempt.attempt };
  }
  return null;
}
