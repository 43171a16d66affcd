import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { TapestryError } from '../errors.ts';
import { type Batch, type BatchShape, ignoredTarget } from './batch.ts';

/** A document to learn from. */
export interface Example {
  readonly tokens: Uint32Array<ArrayBuffer>;
  /** One value a token: 1 if it is a target, 0 if it is only context. Nothing predicts the first token, so its value is ignored. */
  readonly carriesLoss: Uint8Array<ArrayBuffer>;
}

/** Rows of a batch that belong to one example: its inputs are the example's tokens but the last. */
export interface ExamplePlace {
  /** The example's index in the list that the batch was made from. */
  readonly example: number;
  readonly first: number;
  /** The row after the last. */
  readonly end: number;
}

/** A batch made of examples, each a document of its own; rows between them are padding. */
export interface ExampleBatch extends Batch {
  readonly documents: Uint32Array<ArrayBuffer>;
  /** In the order of the rows. */
  readonly places: readonly ExamplePlace[];
}

/** The number of rows that an example takes: each token but the last is an input. */
export function rowsOf({ tokens }: Example): number {
  return tokens.length - 1;
}

/** The number of an example's targets. */
export function targetsOf({ carriesLoss }: Example): number {
  return carriesLoss.subarray(1).reduce((sum, carries) => sum + carries, 0);
}

/**
 * The example, cut at its end to the rows of a window of `sequence`; null if no target is left in it. Throws TapestryError
 * `example.shape` if tokens and marks differ in number.
 */
export function fitExample(example: Example, sequence: number): Example | null {
  const { tokens, carriesLoss } = example;
  if (tokens.length !== carriesLoss.length)
    throw new TapestryError(
      'example.shape',
      `An example has ${tokens.length} tokens and ${carriesLoss.length} marks of those that carry loss.`,
      'Give each token its mark: 1 for a target, 0 for context.',
    );
  const most = sequence + 1;
  const cut = { tokens: tokens.subarray(0, most), carriesLoss: carriesLoss.subarray(0, most) };
  const fitting = tokens.length > most ? cut : example;
  return targetsOf(fitting) > 0 ? fitting : null;
}

/**
 * Lays examples into a batch; `windows` has the indices of each window's examples, from left to right. They must fit. Windows
 * that are missing, and the rest of each window, are padding: a padded row has no target and attends only to itself.
 */
export function layExamples(
  examples: readonly Example[],
  windows: readonly (readonly number[])[],
  { batch, sequence }: BatchShape,
): ExampleBatch {
  const rows = batch * sequence;
  const inputs = new Uint32Array(rows);
  const targets = new Uint32Array(rows).fill(ignoredTarget);
  const documents = Uint32Array.from({ length: rows }, (_, row) => row % sequence);
  const places: ExamplePlace[] = [];
  windows.forEach((indices, window) => {
    let first = window * sequence;
    for (const index of indices) {
      const example = examples[index];
      if (example === undefined) throw new RangeError(`there is no example ${index}`);
      const end = first + rowsOf(example);
      if (window >= batch || end > (window + 1) * sequence)
        throw new RangeError(`example ${index} does not fit window ${window}`);
      inputs.set(example.tokens.subarray(0, -1), first);
      for (let row = first; row < end; row++)
        if (example.carriesLoss[row - first + 1] === 1)
          targets[row] = example.tokens[row - first + 1] ?? ignoredTarget;
      documents.fill(first % sequence, first, end);
      places.push({ example: index, first, end });
      first = end;
    }
  });
  return { inputs, targets, documents, places };
}

/** SHA-256 in hex of examples: their tokens, their marks and their order. */
export function hashExamples(examples: Iterable<Example>): string {
  const hash = sha256.create();
  for (const { tokens, carriesLoss } of examples) {
    hash.update(new Uint8Array(Uint32Array.of(tokens.length).buffer));
    hash.update(new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength));
    hash.update(carriesLoss);
  }
  return bytesToHex(hash.digest());
}
