import * as v from 'valibot';
import { type DraftToRelay, protocolVersion, unlistedNation } from '../../relay/wire/frames.ts';
import { fromHex, toHex } from '../../relay/wire/hex.ts';
import { joinBytes, sign, tokenProof } from '../../relay/wire/signed.ts';
import { relayStatusSchema } from '../../relay/wire/status.ts';
import { type Challenge, HostKind, RefusalCode } from '../../relay/wire/tapestry_pb.js';
import { TapestryError } from '../errors.ts';
import type { Host, Identity } from './host.ts';
import { refusalError } from './refusals.ts';

const hostKinds = { browser: HostKind.BROWSER, node: HostKind.NODE, deno: HostKind.DENO } as const;

/** What a node joins with. */
export interface Credentials {
  readonly identity: Identity;
  readonly host: Host['kind'];
  readonly token: string | undefined;
  /** Id of the run, hex; undefined for whichever the relay serves. */
  readonly run: string | undefined;
  /** Index into the run's nations, or `unlistedNation`. */
  readonly nation: number;
}

/**
 * The Join that answers a Challenge.
 * @throws TapestryError `relay.wrong-protocol`, `relay.wrong-run` or `relay.bad-token` where the relay would refuse it anyway
 */
export async function answerChallenge(challenge: Challenge, credentials: Credentials): Promise<DraftToRelay> {
  const { identity, token } = credentials;
  const { nonce } = challenge;
  if (challenge.protocol !== protocolVersion) throw refusalError(RefusalCode.WRONG_PROTOCOL);
  if (credentials.run !== undefined && toHex(challenge.run) !== credentials.run) {
    throw refusalError(RefusalCode.WRONG_RUN);
  }
  if (challenge.tokenNeeded && token === undefined) {
    throw new TapestryError(
      'relay.bad-token',
      'This relay lets nobody in without its join token.',
      'Pass the token that the relay printed when it started: --token TOKEN.',
    );
  }
  const join = {
    protocol: protocolVersion,
    run: new Uint8Array(challenge.run),
    publicKey: identity.publicKey,
    host: hostKinds[credentials.host],
    nation: credentials.nation,
  };
  const proof = token === undefined ? new Uint8Array(32) : tokenProof(token, nonce, identity.publicKey);
  const signature = await sign(identity.privateKey, joinBytes(nonce, join));
  return { case: 'join', value: { ...join, tokenProof: proof, signature } };
}

/**
 * The place of `nation` among the run's, as the relay's status lists them: a Join names it by number, and comes before
 * the manifest does. `readAgreement`'s nations are what the caller checks it against once they are known.
 * @throws TapestryError `relay.unreachable`
 */
export async function nationIndex(
  host: Host,
  relay: URL,
  nation: string | null,
  signal: AbortSignal,
): Promise<number> {
  if (nation === null) return unlistedNation;
  const url = new URL('api/status', relay);
  try {
    const response = await host.fetch(url, { signal });
    const status = v.parse(relayStatusSchema, await response.json());
    const index = status.run.nations.indexOf(nation);
    return index < 0 ? unlistedNation : index;
  } catch (cause) {
    if (cause instanceof TapestryError) throw cause;
    throw new TapestryError(
      'relay.unreachable',
      `${url.origin} does not say what it is doing.`,
      'Check that the address is a Tapestry relay and that it is running.',
      { cause },
    );
  }
}

/** A run id as a person gives it, checked. @throws TapestryError `usage.run` */
export function parseRunId(text: string): string {
  try {
    if (fromHex(text.toLowerCase()).length === 32) return text.toLowerCase();
  } catch {
    // Said below.
  }
  throw new TapestryError('usage.run', `${text} is no run id.`, 'A run id has 64 hexadecimal digits.');
}
