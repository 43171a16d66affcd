import { EntryError, type EntryOf } from '../journal/entry.ts';
import type { Replay } from '../journal/replay.ts';
import { evaluationOf } from '../run/quality/evaluators/evaluation.ts';
import { checkpointText } from '../wire/checkpoint.ts';
import { fromHex, toHex } from '../wire/hex.ts';
import { evaluationBytes, verifySignature } from '../wire/signatures.ts';

/**
 * Checks that the relay signed the journal up to this entry, which is not applied yet: without its key nobody can make another journal. Throws
 * EntryError.
 */
export async function checkSignedTree(
  { tree, run }: Replay,
  { sequence, body }: EntryOf<'round-committed' | 'run-complete'>,
): Promise<void> {
  const { root, signature } = body.checkpoint;
  if (toHex(tree.root) !== root) {
    const problem = 'is not the root of the entries before this one';
    throw new EntryError(sequence, 'body.checkpoint.root', problem);
  }
  const text = new TextEncoder().encode(checkpointText(fromHex(run.id), tree));
  if (await verifySignature(run.manifest.relayKey, text, fromHex(signature))) return;
  const problem = 'is not the relay’s signature of the entries before this one';
  throw new EntryError(sequence, 'body.checkpoint.signature', problem);
}

/** Checks that the evaluator signed what it measured, and of which contributions. The entry is applied. Throws EntryError. */
export async function checkEvaluation(
  { run, open }: Replay,
  { sequence, body }: EntryOf<'evaluation-accepted'>,
): Promise<void> {
  const signed = evaluationBytes(fromHex(run.id), evaluationOf(body, open?.closedBy ?? ''));
  if (await verifySignature(fromHex(body.key), signed, fromHex(body.signature))) return;
  throw new EntryError(sequence, 'body.signature', 'is not the evaluator’s signature of its evaluation');
}
