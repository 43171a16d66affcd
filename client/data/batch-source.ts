import * as v from 'valibot';
import { TapestryError } from '../errors.ts';
import type { Batch } from './batch.ts';

/** A saved position of a source of batches, which JSON can hold. Only the kind of source that saved it can read it. */
export type SourcePosition = Readonly<Record<string, unknown>>;

/** Gives batch after batch. A restored source continues with exactly the batches that the saved one would have given. */
export interface BatchSource {
  next(): Batch;
  save(): SourcePosition;
  /** Throws TapestryError `sampler.damaged` or `sampler.changed`. */
  restore(saved: unknown): void;
}

/** Parses a position that a `save` returned in `where`. Throws TapestryError `sampler.damaged`, with the next step `action`. */
export function parsePosition<Schema extends v.GenericSchema>(
  schema: Schema,
  saved: unknown,
  where: string,
  action: string,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, saved);
  if (parsed.success) return parsed.output;
  throw new TapestryError(
    'sampler.damaged',
    `The saved position in ${where} cannot be read: ${parsed.issues[0].message}.`,
    action,
  );
}
