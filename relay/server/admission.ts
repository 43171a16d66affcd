import type { WholeManifest } from '../wire/frames.ts';
import { protocolVersion, unlistedCorpus } from '../wire/frames.ts';
import { equalInConstantTime, joinBytes, verifySignature } from '../wire/signatures.ts';
import { type Join, RefusalCode } from '../wire/tapestry_pb.js';

/** The facts that a Join is checked against; `nonce` is this connection's own. */
export interface JoinContext {
  readonly nonce: Uint8Array;
  readonly run: Uint8Array;
  readonly manifest: WholeManifest;
  /** False if the relay needs a token and the node proved none. */
  readonly isInvited: boolean;
}

/**
 * The code that a Join is refused with; null if it is admitted. The token is checked before the signature, so that
 * a client without the token costs the relay only one hash.
 */
export async function refusalOfJoin(join: Join, context: JoinContext): Promise<RefusalCode | null> {
  const { nonce, run, manifest, isInvited } = context;
  if (join.protocol !== protocolVersion) return RefusalCode.WRONG_PROTOCOL;
  const anyRun = join.run.every((byte) => byte === 0);
  if (!anyRun && !equalInConstantTime(join.run, run)) return RefusalCode.WRONG_RUN;
  if (!isInvited) return RefusalCode.BAD_TOKEN;
  if (join.corpus !== unlistedCorpus && join.corpus >= manifest.corpora.length)
    return RefusalCode.OUT_OF_LIMIT;
  const signed = await verifySignature(join.publicKey, joinBytes(nonce, join), join.signature);
  return signed ? null : RefusalCode.BAD_SIGNATURE;
}
