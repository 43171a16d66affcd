import { TapestryError } from '../../client/errors.ts';
import type { Post } from '../../client/host/post.ts';
import type { Identity } from '../../client/identity.ts';
import type { Fetch } from '../../client/relay-http.ts';
import { checkEntry } from '../../relay/journal/entry.ts';
import { Replay } from '../../relay/journal/replay.ts';
import { relaySource } from '../../relay/verify/http-source.ts';
import { evaluationsPath } from '../../relay/wire/frames.ts';
import { toHex } from '../../relay/wire/hex.ts';
import type { ReaderSecret } from '../../relay/wire/reader-proof.ts';
import type { EvaluatedRun } from './evaluator.ts';
import { requireGrant } from './grant.ts';

export interface Access {
  readonly fetch: Fetch;
  readonly post: Post;
  readonly identity: Identity;
  /** The join token, where only members may read contributions. */
  readonly token: string | undefined;
}

/**
 * A relay as its evaluator reads it and answers it; its address ends in a slash. Reads the manifest first, so that a key which may
 * not evaluate is told before anything else is opened. Throws `evaluate.not-granted`, `evaluate.no-token`, and as `relaySource`.
 */
export async function evaluatedRelay(
  relay: URL,
  access: Access,
): Promise<Pick<EvaluatedRun, 'source' | 'post' | 'identity'>> {
  const { fetch, post, identity } = access;
  const secret = await secretFor(relay, access);
  const url = new URL(evaluationsPath.slice(1), relay);
  return {
    source: relaySource(relay, { fetch, ...(secret === undefined ? {} : { secret }) }),
    post: (bytes, signal) => post(url, bytes, signal),
    identity,
  };
}

/** What proves that this machine may read contributions: the token of a member, or the key of the auditor. */
async function secretFor(relay: URL, { fetch, identity, token }: Access): Promise<ReaderSecret | undefined> {
  for await (const first of relaySource(relay, { fetch }).after(0)) {
    const { run } = Replay.begin(checkEntry(first, null));
    requireGrant(run, toHex(identity.publicKey));
    const { contributionReaders } = run.manifest;
    if (contributionReaders.case === 'anyone') return undefined;
    if (contributionReaders.case === 'auditor') return { key: identity.privateKey };
    if (token !== undefined) return { token };
    break;
  }
  throw new TapestryError(
    'evaluate.no-token',
    'Only members may read the contributions of this run, and no token was given.',
    'Use the link with the token, or pass --token-file.',
  );
}
