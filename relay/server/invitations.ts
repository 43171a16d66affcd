import { createHmac } from 'node:crypto';
import { equalInConstantTime, tokenBytes } from '../wire/signatures.ts';

/** A join token, and how many nodes may join with it. */
export interface Invitation {
  readonly token: string;
  readonly seats: number;
}

/** Who may bring how many nodes: the holders of join tokens, or, without any, everyone by address. */
export class Invitations {
  readonly #all: readonly Invitation[];
  readonly #seatsPerAddress: number;

  constructor(invitations: readonly Invitation[], seatsPerAddress: number) {
    this.#all = invitations;
    this.#seatsPerAddress = seatsPerAddress;
  }

  /** True if nodes need a token. */
  get needed(): boolean {
    return this.#all.length > 0;
  }

  /**
   * Whose seats a node takes that proves a token with `proof` (Join.token_proof), and how many these are; null if it proves
   * none. Every invitation is compared, so the time tells nothing about which one fits.
   */
  holderOf(
    join: { readonly tokenProof: Uint8Array; readonly publicKey: Uint8Array },
    nonce: Uint8Array,
    address: string,
  ): { readonly holder: string; readonly seats: number } | null {
    if (!this.needed) return { holder: `address ${address}`, seats: this.#seatsPerAddress };
    return this.#found(join.tokenProof, tokenBytes(nonce, join.publicKey));
  }

  /** True if `proof` is an HMAC of `message` with one of the tokens. */
  proves(proof: Uint8Array, message: Uint8Array): boolean {
    return this.#found(proof, message) !== null;
  }

  #found(proof: Uint8Array, message: Uint8Array): { readonly holder: string; readonly seats: number } | null {
    let found: { holder: string; seats: number } | null = null;
    for (const [index, { token, seats }] of this.#all.entries()) {
      const expected = createHmac('sha256', token).update(message).digest();
      if (equalInConstantTime(proof, expected)) found = { holder: `invitation ${index}`, seats };
    }
    return found;
  }
}
