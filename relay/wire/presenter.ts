import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import * as v from 'valibot';
import { fromHex, toHex } from './hex.ts';

/**
 * How the presenter of a run steers it, for whoever holds the presenter's secret. `GET api/presenter` gives a nonce. A command
 * is `POST api/presenter`, with the header `Authorization: Tapestry-Presenter P`, where P is `presenterProof` of the nonce and
 * of the command's text in lower-case hex. A nonce is good for one command, so a command that was overheard cannot be repeated.
 */
export const presenterPath = '/api/presenter';
export const presenterScheme = 'Tapestry-Presenter';

/** No command has a longer text. */
export const mostCommandBytes = 256;

const nonce = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

/** The answer of `GET api/presenter`, and of a command: the nonce of the next one. */
export const presenterNonceSchema = v.strictObject({ nonce });

/**
 * `node` is the first 16 hex digits of a node's public key, as in the status; `prompt` is the id of a prompt in `GET api/speech`.
 * All but `skip` are journaled.
 */
export const presenterCommandSchema = v.variant('action', [
  v.strictObject({ action: v.picklist(['start', 'pause', 'extend', 'end']) }),
  v.strictObject({ action: v.literal('remove'), node: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)) }),
  v.strictObject({ action: v.literal('skip'), prompt: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) }),
]);
export type PresenterCommand = v.InferOutput<typeof presenterCommandSchema>;

/** The milliseconds by which `extend` moves the end of the open round. */
export const extensionMs = 60_000;

/** HMAC-SHA256 with the presenter's secret as its key, over "tapestry present v1" || nonce || the command's text. */
export function presenterProof(secret: string, nonceHex: string, text: string): string {
  const message = concatBytes(utf8ToBytes('tapestry present v1'), fromHex(nonceHex), utf8ToBytes(text));
  return toHex(hmac(sha256, utf8ToBytes(secret), message));
}
