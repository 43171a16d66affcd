import { type EntryOf, lossOf, lossText } from '../../../journal/entry.ts';
import { fromHex, type Hash, toHex } from '../../../wire/hex.ts';
import type { Evaluation } from '../../../wire/tapestry_pb.js';

/** An evaluation as the journal has it; the entry that closed the attempt is in the journal already. */
export type EvaluationBody = EntryOf<'evaluation-accepted'>['body'];

/** A received evaluation, as the journal has it. */
export function bodyOf({ round, attempt, publicKey, after, before, signature }: Evaluation): EvaluationBody {
  return {
    ...{ round, attempt },
    key: toHex(publicKey),
    after: lossText(after),
    before: before.map(lossText),
    signature: toHex(signature),
  };
}

/** What the evaluator signed; `closedBy` is the hash of the entry that closed the attempt. */
export function evaluationOf(
  { round, attempt, after, before }: EvaluationBody,
  closedBy: Hash,
): Pick<Evaluation, 'round' | 'attempt' | 'closed' | 'after' | 'before'> {
  return { round, attempt, closed: fromHex(closedBy), after: lossOf(after), before: before.map(lossOf) };
}
