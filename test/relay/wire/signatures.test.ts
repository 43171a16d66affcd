import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  acknowledgementBytes,
  equalInConstantTime,
  joinBytes,
  manifestSignedBytes,
  offerBytes,
  sign,
  tokenProof,
  verifySignature,
} from '../../../relay/wire/signatures.ts';
import { ModelPart } from '../../../relay/wire/tapestry_pb.js';

const ascii = (text: string) => [...new TextEncoder().encode(text)];
const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte);

describe('what is signed, byte for byte', () => {
  test('a join', () => {
    const join = { protocol: 1, run: filled(32, 2), publicKey: filled(32, 3), host: 2, corpus: 0xffff_ffff };
    expect([...joinBytes(filled(32, 1), join)]).toEqual([
      ...ascii('tapestry join v2'),
      ...filled(32, 1),
      ...[1, 0, 0, 0],
      ...filled(32, 2),
      ...filled(32, 3),
      ...[2, 0, 0, 0],
      ...[255, 255, 255, 255],
    ]);
  });

  test('an offer', () => {
    const offer = {
      round: 0x01020304,
      base: filled(32, 2),
      payload: filled(32, 3),
      payloadBytes: 5,
      steps: 6,
      tokens: 7,
      trainingLoss: 1,
      heldOutLoss: -2,
      part: ModelPart.UPPER,
    };
    expect([...offerBytes(filled(32, 1), offer)]).toEqual([
      ...ascii('tapestry offer v2'),
      ...filled(32, 1),
      ...[4, 3, 2, 1],
      ...filled(32, 2),
      ...filled(32, 3),
      ...[5, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0],
      ...[0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0],
      ...[2, 0, 0, 0],
    ]);
  });

  test('an acknowledgement and a manifest', () => {
    const bytes = acknowledgementBytes(filled(32, 1), {
      round: 2,
      attempt: 5,
      payload: filled(32, 3),
      sequence: 2n ** 63n + 4n,
      entry: filled(32, 6),
    });
    expect([...bytes]).toEqual([
      ...ascii('tapestry acknowledgement v2'),
      ...filled(32, 1),
      ...[2, 0, 0, 0],
      ...[5, 0, 0, 0],
      ...filled(32, 3),
      ...[4, 0, 0, 0, 0, 0, 0, 0x80],
      ...filled(32, 6),
    ]);
    expect([...manifestSignedBytes(Uint8Array.of(9, 8))]).toEqual([...ascii('tapestry manifest v2'), 9, 8]);
  });

  test('the token proof, compared with another implementation of HMAC', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (token) => {
        const nonce = filled(32, 1);
        const key = filled(32, 2);
        const expected = createHmac('sha256', token)
          .update('tapestry token v2')
          .update(nonce)
          .update(key)
          .digest();
        expect([...tokenProof(token, nonce, key)]).toEqual([...expected]);
      }),
    );
  });
});

describe('Ed25519', () => {
  let pair: CryptoKeyPair;
  let publicKey: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
    publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  });

  test('a signature verifies only for its bytes and key', async () => {
    const bytes = new TextEncoder().encode('as written');
    const signature = await sign(pair.privateKey, bytes);
    expect(signature.length).toBe(64);
    expect(await verifySignature(publicKey, bytes, signature)).toBe(true);
    await fc.assert(
      fc.asyncProperty(fc.nat(63 * 8), fc.constantFrom('key', 'bytes', 'signature'), async (bit, where) => {
        const flip = (original: Uint8Array<ArrayBuffer>) => {
          const copy = Uint8Array.from(original);
          const at = (bit >>> 3) % copy.length;
          copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7));
          return copy;
        };
        const passes = await verifySignature(
          where === 'key' ? flip(publicKey) : publicKey,
          where === 'bytes' ? flip(bytes) : bytes,
          where === 'signature' ? flip(signature) : signature,
        );
        expect(passes).toBe(false);
      }),
    );
  });

  test('invalid keys and signatures do not verify and never throw', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 40 }),
        fc.uint8Array({ maxLength: 70 }),
        async (key, signature) => {
          expect(await verifySignature(key, filled(3, 1), signature)).toBe(false);
        },
      ),
    );
  });
});

test('equalInConstantTime gives the same answers as plain comparison', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ maxLength: 8 }), (a, b) => {
      expect(equalInConstantTime(a, b)).toBe(Buffer.compare(a, b) === 0);
      expect(equalInConstantTime(a, Uint8Array.from(a))).toBe(true);
    }),
  );
});
