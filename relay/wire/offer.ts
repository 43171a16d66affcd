import type { PartName } from './fragments.ts';
import { fromHex, type Hash, toHex } from './hex.ts';
import { ModelPart, type Offer, type Strategy } from './tapestry_pb.js';

/** The facts that a node states about one contribution, in the order in which its Offer signs them. */
export interface ContributionFacts {
  readonly round: number;
  /** The base that the delta was trained from. */
  readonly base: Hash;
  /** SHA-256 and length of the payload. */
  readonly payload: Hash;
  readonly payloadBytes: number;
  readonly steps: number;
  /** Tokens trained on: steps x batch x sequence. */
  readonly tokens: number;
  /** Mean training loss over the round, and the base's loss on the node's held-out text: nats a token, each a f32. */
  readonly trainingLoss: number;
  readonly heldOutLoss: number;
  /** What the delta is of. */
  readonly part: PartName;
}

const partNumbers = { whole: ModelPart.WHOLE, upper: ModelPart.UPPER } as const;

/** The tokens of so many local steps: a contribution has exactly these, since they are its weight. */
export function tokensOf({ batch, sequence }: Pick<Strategy, 'batch' | 'sequence'>, steps: number): number {
  return steps * batch * sequence;
}

/** An Offer before it is signed. */
export type UnsignedOffer = Omit<Offer, 'signature' | '$typeName' | '$unknown'>;

/** The Offer of a contribution. */
export function unsignedOffer({ base, payload, part, ...numbers }: ContributionFacts): UnsignedOffer {
  const { round, payloadBytes, steps, tokens, trainingLoss, heldOutLoss } = numbers;
  const hashes = { base: fromHex(base), payload: fromHex(payload) };
  const losses = { trainingLoss, heldOutLoss };
  return { round, ...hashes, payloadBytes, steps, tokens, ...losses, part: partNumbers[part] };
}

/** The facts that an Offer states. */
export function factsOf(offer: UnsignedOffer): ContributionFacts {
  const { round, payloadBytes, steps, tokens, trainingLoss, heldOutLoss } = offer;
  const hashes = { base: toHex(offer.base), payload: toHex(offer.payload) };
  const part = offer.part === ModelPart.UPPER ? 'upper' : 'whole';
  return { round, ...hashes, payloadBytes, steps, tokens, trainingLoss, heldOutLoss, part };
}
