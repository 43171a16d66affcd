import { create } from '@bufbuild/protobuf';
import type { Contribution } from '../../journal/contribution.ts';
import type { CountedIn } from '../../journal/recent-rounds.ts';
import type { Replay } from '../../journal/replay.ts';
import { fromHex, type Hash, type NodeKey } from '../../wire/hex.ts';
import { acknowledgementBytes, sign } from '../../wire/signatures.ts';
import { type Acknowledgement, AcknowledgementSchema } from '../../wire/tapestry_pb.js';

/** The receipt of a contribution that counts in an attempt, signed with `key`. `checkpoint` is the journal's newest. */
export async function receiptOf(
  { accepted, round, attempt }: CountedIn,
  relay: { readonly run: Hash; readonly key: CryptoKey; readonly checkpoint: Uint8Array | null },
): Promise<Acknowledgement> {
  const { payload } = accepted.body;
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

/**
 * Where a contribution that is offered counts: in the open round, the last one, any that takes recent work, or, if it is the newest of its
 * key, in any round before. Null if it does not, or not yet.
 */
export function acceptedOf(
  { open, before, recent, newest }: Pick<Replay, 'open' | 'before' | 'recent' | 'newest'>,
  key: NodeKey,
  { payload, round }: Pick<Contribution, 'payload' | 'round'>,
): CountedIn | null {
  const counted = [open, before].map((attempt) => {
    const accepted = attempt?.contributions.get(key);
    return attempt && accepted && { accepted, round: attempt.round, attempt: attempt.attempt };
  });
  const isIt = (one: CountedIn | null | undefined): one is CountedIn =>
    one?.accepted.body.payload === payload && one.accepted.body.round === round;
  return [...counted, recent.begunFrom(round, key), newest.of(key)].find(isIt) ?? null;
}
