import { createHash, createPublicKey, verify } from 'node:crypto';
import * as v from 'valibot';

const jwkSchema = v.object({ kty: v.literal('EC'), crv: v.literal('P-256'), x: v.string(), y: v.string() });
const headerSchema = v.strictObject({
  alg: v.literal('ES256'),
  url: v.string(),
  nonce: v.string(),
  kid: v.optional(v.string()),
  jwk: v.optional(jwkSchema),
});
const bodySchema = v.strictObject({ protected: v.string(), payload: v.string(), signature: v.string() });

export type Jwk = v.InferOutput<typeof jwkSchema>;

export interface SignedRequest {
  readonly header: v.InferOutput<typeof headerSchema>;
  /** Null for a request that only asks. */
  readonly payload: unknown;
  isSignedBy(key: Jwk): boolean;
}

/** A request's body as RFC 8555, section 6.2, wants it. Throws for any other. */
export function readRequest(body: string): SignedRequest {
  const { protected: head, payload, signature } = v.parse(bodySchema, JSON.parse(body));
  const decoded = (text: string) => Buffer.from(text, 'base64url').toString();
  return {
    header: v.parse(headerSchema, JSON.parse(decoded(head))),
    payload: payload === '' ? null : JSON.parse(decoded(payload)),
    isSignedBy(jwk) {
      const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
      const signed = Buffer.from(`${head}.${payload}`);
      return verify(
        'sha256',
        signed,
        { key, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      );
    },
  };
}

/** RFC 7638. */
export function thumbprintOf({ crv, kty, x, y }: Jwk): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}
