import { type NodeKey, toHex } from '../wire/hex.ts';
import { factsOf, type UnsignedOffer, unsignedOffer } from '../wire/offer.ts';
import type { Offer } from '../wire/tapestry_pb.js';
import { type EntryOf, lossOf, lossText } from './entry.ts';

/** A contribution as the journal holds it. */
export type Contribution = EntryOf<'contribution-accepted'>['body'];

/** The Offer of the node `key`, which joined with `corpus`, as a journal entry's body. */
export function contributionOf(key: NodeKey, corpus: number | null, offer: Offer): Contribution {
  const { round, ...facts } = factsOf(offer);
  return {
    round,
    key,
    corpus,
    ...facts,
    trainingLoss: lossText(facts.trainingLoss),
    heldOutLoss: lossText(facts.heldOutLoss),
    signature: toHex(offer.signature),
  };
}

/** The Offer of a contribution, as its node signed it. */
export function offerOf({ trainingLoss, heldOutLoss, ...facts }: Contribution): UnsignedOffer {
  return unsignedOffer({ ...facts, trainingLoss: lossOf(trainingLoss), heldOutLoss: lossOf(heldOutLoss) });
}
