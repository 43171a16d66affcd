import { randomBytes } from 'node:crypto';
import { fromHex, toHex } from '../../wire/hex.ts';
import { presenterProof } from '../../wire/presenter.ts';
import { equalInConstantTime } from '../../wire/signatures.ts';

/** Admits commands of whoever proves the presenter's secret: see relay/wire/presenter.ts. */
export class PresenterAccess {
  readonly #secret: string;
  #nonce = freshNonce();

  constructor(secret: string) {
    this.#secret = secret;
  }

  /** The nonce that the next command is proved with. */
  get nonce(): string {
    return this.#nonce;
  }

  /** True if `proof` is that of this text with the current nonce, which is then used up. */
  admits(proof: string, text: string): boolean {
    const expected = presenterProof(this.#secret, this.#nonce, text);
    if (!/^[0-9a-f]{64}$/.test(proof) || !equalInConstantTime(fromHex(proof), fromHex(expected)))
      return false;
    this.#nonce = freshNonce();
    return true;
  }
}

function freshNonce(): string {
  return toHex(randomBytes(32));
}
