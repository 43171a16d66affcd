import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../../run/clock.ts';
import type { WholeManifest } from '../../wire/frames.ts';
import { fromHex } from '../../wire/hex.ts';
import { readerBytes } from '../../wire/reader-proof.ts';
import { equalInConstantTime, verifySignature } from '../../wire/signatures.ts';
import type { Invitations } from '../invitations.ts';

/** How long a challenge is valid, in milliseconds. */
const lifetime = 10 * 60_000;
const nonceBytes = 32;
const timeBytes = 8;

/**
 * Decides who may read single contributions, as the manifest says: anyone; members, who prove that they know the join token;
 * or an auditor, who signs. Both proofs are over a nonce of this relay, in the header that relay/wire/reader-proof.ts describes. The
 * nonce holds the time when it was made and is authenticated, so the relay stores no nonces.
 */
export class Readers {
  readonly #readers: WholeManifest['contributionReaders'];
  readonly #invitations: Invitations;
  readonly #clock: Clock;
  readonly #secret: Uint8Array;

  /** `secret` makes the nonces: 32 random bytes. */
  constructor(
    readers: WholeManifest['contributionReaders'],
    invitations: Invitations,
    clock: Clock,
    secret: Uint8Array = randomBytes(32),
  ) {
    this.#readers = readers;
    this.#invitations = invitations;
    this.#clock = clock;
    this.#secret = secret;
  }

  /** The value of WWW-Authenticate. */
  challenge(): string {
    return `Tapestry nonce=${this.#nonceAt(this.#clock.elapsed()).toString('hex')}`;
  }

  /** `wrong`: an invalid proof over a nonce of this relay. `unproved`: no proof, or an invalid or expired nonce. */
  async admits(authorization: string | undefined): Promise<'yes' | 'unproved' | 'wrong'> {
    if (this.#readers.case === 'anyone') return 'yes';
    const match = /^Tapestry nonce=([0-9a-f]{64}), proof=([0-9a-f]{64}|[0-9a-f]{128})$/.exec(
      authorization ?? '',
    );
    const [, nonceHex = '', proofHex = ''] = match ?? [];
    if (match === null) return 'unproved';
    const nonce = fromHex(nonceHex);
    if (!this.#isFresh(nonce)) return 'unproved';
    const proof = fromHex(proofHex);
    switch (this.#readers.case) {
      case 'members':
        return this.#invitations.proves(proof, readerBytes(nonce)) ? 'yes' : 'wrong';
      case 'auditor': {
        const { publicKey } = this.#readers.value;
        return (await verifySignature(publicKey, readerBytes(nonce), proof)) ? 'yes' : 'wrong';
      }
    }
  }

  #isFresh(nonce: Uint8Array): boolean {
    const time = new DataView(nonce.buffer, nonce.byteOffset).getFloat64(0);
    const age = this.#clock.elapsed() - time;
    return equalInConstantTime(nonce, this.#nonceAt(time)) && age >= 0 && age <= lifetime;
  }

  #nonceAt(time: number): Buffer {
    const nonce = Buffer.alloc(nonceBytes);
    nonce.writeDoubleBE(time);
    createHmac('sha256', this.#secret)
      .update(nonce.subarray(0, timeBytes))
      .digest()
      .copy(nonce, timeBytes, 0, nonceBytes - timeBytes);
    return nonce;
  }
}
