import {
  type DraftToRelay,
  decodeManifest,
  decodeSignedManifest,
  manifestPath,
  maxSignedManifestBytes,
  protocolVersion,
  unlistedCorpus,
  type WholeManifest,
} from '../../../relay/wire/frames.ts';
import { fromHex, toHex } from '../../../relay/wire/hex.ts';
import { joinBytes, sign, tokenProof } from '../../../relay/wire/signatures.ts';
import {
  type Challenge,
  HostKind,
  RefusalCode,
  type SignedManifest,
} from '../../../relay/wire/tapestry_pb.js';
import { TapestryError } from '../../errors.ts';
import type { Identity } from '../../identity.ts';
import { type RelayHttp, StatusError } from '../../relay-http.ts';
import type { Runtime } from '../../runtime.ts';
import { refusalError } from '../session/refusals.ts';

const hostKinds = { browser: HostKind.BROWSER, node: HostKind.NODE, deno: HostKind.DENO } as const;

/** The parts of a Join that the node supplies. */
export interface Credentials {
  readonly identity: Identity;
  readonly host: Runtime['kind'];
  readonly token: string | undefined;
  /** Id of the run, hex; undefined to join the run that the relay serves. */
  readonly run: string | undefined;
  /** Index into the run's corpora, or `unlistedCorpus`. */
  readonly corpus: number;
}

/**
 * The Join that answers a Challenge.
 * @throws TapestryError `relay.wrong-protocol`, `relay.wrong-run` or `relay.bad-token` if the relay would refuse the Join
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
      'This relay admits only nodes with its join token.',
      'Pass the token that the relay printed when it started: --token TOKEN.',
    );
  }
  const join = {
    protocol: protocolVersion,
    run: new Uint8Array(challenge.run),
    publicKey: identity.publicKey,
    host: hostKinds[credentials.host],
    corpus: credentials.corpus,
  };
  const proof = token === undefined ? new Uint8Array(32) : tokenProof(token, nonce, identity.publicKey);
  const signature = await sign(identity.privateKey, joinBytes(nonce, join));
  return { case: 'join', value: { ...join, tokenProof: proof, signature } };
}

/**
 * Index of the corpus `name` in the relay's manifest; `unlistedCorpus` if `name` is null or not listed. A Join precedes
 * the Welcome and names the corpus by index; the caller checks the index against the Welcome's manifest.
 * @throws TapestryError `relay.unreachable`, `relay.wrong-protocol` or `relay.too-many`
 */
export async function corpusIndex(
  http: RelayHttp,
  name: string | null,
  signal: AbortSignal,
): Promise<number> {
  if (name === null) return unlistedCorpus;
  const { manifest } = await servedManifest(http, signal);
  const index = manifest.corpora.indexOf(name);
  return index < 0 ? unlistedCorpus : index;
}

/**
 * The manifest that the relay serves, and as it is signed. The signature is not checked here.
 * @throws TapestryError `relay.unreachable`, `relay.wrong-protocol` or `relay.too-many`
 */
export async function servedManifest(
  http: RelayHttp,
  signal: AbortSignal,
): Promise<{ readonly signed: SignedManifest; readonly manifest: WholeManifest }> {
  const path = `.${manifestPath}`;
  try {
    const signed = decodeSignedManifest(await http.read(path, { most: maxSignedManifestBytes, signal }));
    return { signed, manifest: decodeManifest(signed.manifest) };
  } catch (cause) {
    if (cause instanceof TapestryError) throw cause;
    if (cause instanceof StatusError && cause.status === 404) throw refusalError(RefusalCode.WRONG_PROTOCOL);
    // A relay that is full answers so over HTTP too, and waiting helps.
    if (cause instanceof StatusError && (cause.status === 429 || cause.status === 503))
      throw refusalError(RefusalCode.TOO_MANY);
    throw new TapestryError(
      'relay.unreachable',
      `${http.url(path).href} gives no manifest.`,
      'Check that a Tapestry relay has this address and is running.',
      { cause },
    );
  }
}

/** Checks a run id that a person entered, and returns it in lower case. @throws TapestryError `usage.run` */
export function parseRunId(text: string): string {
  try {
    if (fromHex(text.toLowerCase()).length === 32) return text.toLowerCase();
  } catch {
    // Text that is not hexadecimal gets the error below.
  }
  throw new TapestryError('usage.run', `${text} is no run id.`, 'A run id has 64 hexadecimal digits.');
}
