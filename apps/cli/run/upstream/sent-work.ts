import * as v from 'valibot';
import type { Contribution } from '../../../../client/contribute/round/saved-state.ts';
import type { RunTerms } from '../../../../client/contribute/run-terms.ts';
import type { Files } from '../../../../client/runtime.ts';
import { damaged, factsOf, seal, unseal } from '../../../../client/train/sealed-file.ts';
import { partNames } from '../../../../relay/wire/fragments.ts';
import { isHash } from '../../../../relay/wire/hex.ts';

type Vector = Float32Array<ArrayBuffer>;

/**
 * The contribution that a relay offered its upstream relay last, as its disk holds it: written before the offer, so that a process that
 * ends knows what may have been accepted, and offers the same again.
 */
export interface SentWork {
  readonly contribution: Contribution;
  /** The error-feedback residual before the contribution. */
  readonly residual: Vector;
  /** It holds the rounds of the own run after the first `from`, up to `through`. */
  readonly from: number;
  readonly through: number;
  /** The parameters from which the change was taken; null for the reference of the base that the own run had adopted last. */
  readonly fromParameters: Vector | null;
  /** The parameters that the change led to. */
  readonly throughParameters: Vector;
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const hash = v.pipe(v.string(), v.check(isHash));
const loss = v.pipe(v.number(), v.finite());
const schema = v.strictObject({
  from: count,
  through: v.pipe(count, v.minValue(1)),
  contribution: v.strictObject({
    ...{ round: count, base: hash, payload: hash, payloadBytes: count },
    ...{ steps: count, tokens: count, trainingLoss: loss, heldOutLoss: loss },
    part: v.picklist(partNames),
  }),
});

/** The name of the file in the folder of this relay as a node; `run` is the upstream run's id, hex. */
export function sentWorkFile(run: string): string {
  return `sent-${run.slice(0, 16)}.safetensors`;
}

/** Replaces the work that was saved before, durably. */
export async function saveSentWork(files: Pick<Files, 'write'>, run: string, work: SentWork): Promise<void> {
  const { contribution, residual, from, through, fromParameters, throughParameters } = work;
  const { bytes: payload, residual: nextResidual, ...facts } = contribution;
  const sealed = await seal('upstream-work', run, {
    facts: { from, through, contribution: facts },
    vectors: {
      ...{ residual, nextResidual, throughParameters },
      ...(fromParameters && { fromParameters }),
    },
    payload,
  });
  await files.write(sentWorkFile(run), sealed);
}

/**
 * The work that was saved last; null if none was.
 * @throws TapestryError `checkpoint.damaged`, `checkpoint.version` or `checkpoint.other-run`
 */
export async function loadSentWork(
  files: Pick<Files, 'read'>,
  { run, layout }: Pick<RunTerms, 'run' | 'layout'>,
): Promise<SentWork | null> {
  const bytes = await files.read(sentWorkFile(run));
  if (bytes === null) return null;
  const { facts, vectors, payload } = await unseal('upstream-work', run, bytes);
  const { residual, nextResidual, throughParameters, fromParameters = null } = vectors;
  if (!residual || !nextResidual || !throughParameters || !payload) throw damaged('lacks a vector');
  for (const vector of Object.values(vectors))
    if (vector.length !== layout.length) throw damaged('belongs to another model');
  const { from, through, contribution } = factsOf(schema, facts);
  if (contribution.payloadBytes !== payload.length) throw damaged('has a payload of another length');
  if (from >= through) throw damaged('holds no round');
  const made = { ...contribution, bytes: payload, residual: nextResidual };
  return { contribution: made, residual, from, through, fromParameters, throughParameters };
}
