import type { Batch, BatchShape } from '../data/batch.ts';
import { type Example, hashExamples, rowsOf } from '../data/example.ts';
import { exampleBatches } from '../data/example-sampler.ts';
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors.ts';
import type { Files } from '../runtime.ts';
import { sha256Hex } from '../sha256.ts';
import type { Trainer } from '../train/trainer.ts';

/** A model on a device, with the shape of its batches fixed. */
export interface LogProbabilities {
  logProbabilities(batch: Batch): Promise<Float32Array>;
}

/**
 * The log-probability, in nats, of each of an example's tokens but the first, by the model that `trainer` holds: 0 for tokens
 * that carry no loss. `shape` is the trainer's; examples must fit it (see `fitExample`).
 */
export async function logProbabilitiesOf(
  trainer: LogProbabilities,
  examples: readonly Example[],
  shape: BatchShape,
): Promise<Float32Array<ArrayBuffer>[]> {
  const answers = examples.map((example) => new Float32Array(rowsOf(example)));
  for (const batch of exampleBatches(examples, shape)) {
    const rows = await trainer.logProbabilities(batch);
    for (const { example, first, end } of batch.places) answers[example]?.set(rows.subarray(first, end));
  }
  return answers;
}

/** The values of the rows whose target carries loss, of all examples. */
export function ofTargets(examples: readonly Example[], rows: readonly Float32Array[]): number[] {
  return examples.flatMap((example, index) =>
    Array.from({ length: rowsOf(example) }, (_, row) => row)
      .filter((row) => example.carriesLoss[row + 1] === 1)
      .map((row) => rows[index]?.[row] ?? Number.NaN),
  );
}

/** The sum of an example's log-probabilities in float64: that of its whole answer. */
export function sumOfLogProbabilities(logProbabilities: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < logProbabilities.length; i++) sum += logProbabilities[i] ?? 0;
  return sum;
}

/** What the log-probabilities of a reference depend on. */
export interface ReferenceOptions {
  /** Holds the reference model. */
  readonly trainer: Trainer;
  /** Hash of the reference's parameters. */
  readonly model: string;
  readonly examples: readonly Example[];
  readonly shape: BatchShape;
  /** Where they are kept; they can be computed again. */
  readonly files: Files;
}

const tensorName = 'log_probabilities';

/**
 * The answers of `logProbabilitiesOf` for a reference, computed once and kept under the hash of all that they depend on: the
 * model, the examples, the adapter and its kernels. The same build on the same adapter so sees the same bits, also when it is
 * resumed. A kept file that cannot be read is computed again.
 */
export async function referenceLogProbabilities(
  options: ReferenceOptions,
): Promise<Float32Array<ArrayBuffer>[]> {
  const { trainer, model, examples, shape, files } = options;
  const { batch, sequence } = shape;
  const about = [model, hashExamples(examples), batch, sequence, trainer.kernels];
  const key = sha256Hex(JSON.stringify(about));
  const name = `reference-${key}.safetensors`;
  const lengths = examples.map(rowsOf);
  const all = lengths.reduce((sum, length) => sum + length, 0);
  const kept = readKept(await files.read(name), key, all);
  if (kept !== null) {
    let end = 0;
    return lengths.map((length) => {
      end += length;
      return kept.slice(end - length, end);
    });
  }
  const answers = await logProbabilitiesOf(trainer, examples, shape);
  const values = new Float32Array(all);
  let at = 0;
  for (const answer of answers) {
    values.set(answer, at);
    at += answer.length;
  }
  await files.write(name, encodeSafetensors([{ name: tensorName, shape: [all], values }], { key }));
  return answers;
}

/** The values of a kept file; null if it is missing, or is not what was kept. */
function readKept(
  bytes: Uint8Array<ArrayBuffer> | null,
  key: string,
  length: number,
): Float32Array<ArrayBuffer> | null {
  if (bytes === null) return null;
  try {
    const { tensors, metadata } = decodeSafetensors(bytes);
    const values = tensors.get(tensorName)?.values;
    if (metadata['key'] !== key || values?.length !== length) return null;
    return values.every((value) => Number.isFinite(value) && value <= 0) ? values : null;
  } catch {
    return null;
  }
}
