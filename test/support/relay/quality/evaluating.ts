import { create } from '@bufbuild/protobuf';
import { checkEntry, entryOfLine, lossOf, type StoredEntry } from '../../../../relay/journal/entry.ts';
import { Replay } from '../../../../relay/journal/replay.ts';
import { measuredLoss } from '../../../../relay/run/guard/guard.ts';
import { RoundMean } from '../../../../relay/run/quality/round-mean.ts';
import { scoresOf } from '../../../../relay/run/quality/scorer.ts';
import type { Run } from '../../../../relay/run/run.ts';
import { fromHex } from '../../../../relay/wire/hex.ts';
import { evaluationBytes, sign } from '../../../../relay/wire/signatures.ts';
import { type Evaluation, EvaluationSchema } from '../../../../relay/wire/tapestry_pb.js';
import type { TestNode } from '../run-support.ts';

/** The run as its journal has it now. */
export async function replayOf(run: Run): Promise<Replay> {
  let [replay, before]: [Replay | null, StoredEntry | null] = [null, null];
  for await (const line of run.journalAfter(0)) {
    const stored = entryOfLine(line, (before?.sequence ?? 0) + 1);
    const entry = checkEntry(stored, before);
    if (replay === null) replay = Replay.begin(entry);
    else replay.apply(entry);
    before = stored;
  }
  if (replay === null) throw new Error('the journal is empty');
  return replay;
}

/** What `evaluator` measures of the closed attempt; `lossOf` is that of a base, and `changes` replaces fields before it signs. */
export async function evaluationOf(
  run: Run,
  evaluator: TestNode,
  loss: (base: Float32Array) => number,
  changes: Partial<Evaluation> = {},
): Promise<Evaluation> {
  const replay = await replayOf(run);
  const { open } = replay;
  if (open?.closedBy == null) throw new Error('no attempt is closed');
  const { manifest, codec, fragments, id } = replay.run;
  const accepted = [...open.contributions.values()];
  const parts = accepted.map(({ body }) => ({
    ...{ tokens: body.tokens, payload: body.payload, part: body.part },
    read: async () => {
      const blob = await run.openBlob(body.payload);
      if (blob === null) throw new Error('no such payload');
      return new Uint8Array(await new Response(blob.bytes).arrayBuffer());
    },
  }));
  const mean = await RoundMean.of(parts, fragments, codec, manifest.limits.quorum);
  const { parameters: base } = await run.base();
  const scores = await scoresOf(manifest, accepted, async (without) =>
    measuredLoss(loss(await mean.from(base, fragments.at(open.round), without))),
  );
  const unsigned = {
    ...{ round: open.round, attempt: open.attempt, closed: fromHex(open.closedBy) },
    publicKey: fromHex(evaluator.key),
    after: lossOf(scores[0]?.after ?? '0'),
    before: scores.map(({ before }) => lossOf(before)),
    ...changes,
  };
  const signature = await sign(evaluator.signing, evaluationBytes(fromHex(id), unsigned));
  return create(EvaluationSchema, { ...unsigned, signature: changes.signature ?? signature });
}
