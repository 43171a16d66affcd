import * as v from 'valibot';
import { chatRoles } from '../../../data/chat-template.ts';
import { printable, TapestryError } from '../../../errors.ts';
import { parseJson } from '../../../formats/json.ts';

/**
 * The rows of the files between the steps, one JSON object a line. A person may read and correct them; columns that are not
 * named here are left alone. Prompts are text or messages, as in datasets.
 */
const text = v.string();
const prompt = v.union([
  text,
  v.pipe(v.array(v.object({ role: v.picklist(chatRoles), content: text })), v.minLength(1)),
]);

export const promptSchema = v.object({ prompt });
export const answerSchema = v.object({ prompt, completion: text });
export const critiqueSchema = v.object({
  ...answerSchema.entries,
  /** The id of the principle. */
  principle: text,
  /** By the labeller; only differences between scores of one labeller mean something. */
  score: v.pipe(v.number(), v.finite()),
  breaks: v.boolean(),
  critique: text,
});
/** A revised answer, which *instruct* learns: `completion` is the revision. */
export const revisionSchema = v.object({ ...answerSchema.entries, original: text, principle: text });
/** An answer that no attempt bettered. Datasets have no use for the row; it says that the work is done. */
export const noRevisionSchema = v.object({
  prompt,
  original: text,
  principle: text,
  none: v.literal('no-better'),
});
/** A pair, which *prefer* and *reward* learn. */
export const pairSchema = v.object({ prompt, chosen: text, rejected: text });
/** A prompt whose answers make no pair. */
export const noPairSchema = v.object({ prompt, none: v.picklist(['few-answers', 'alike']) });

export type PromptRow = v.InferOutput<typeof promptSchema>;
export type AnswerRow = v.InferOutput<typeof answerSchema>;
export type CritiqueRow = v.InferOutput<typeof critiqueSchema>;
export type RevisionRow = v.InferOutput<typeof revisionSchema>;
export type NoRevisionRow = v.InferOutput<typeof noRevisionSchema>;
export type NoPairRow = v.InferOutput<typeof noPairSchema>;
export type PairRow = v.InferOutput<typeof pairSchema> & {
  /** The principles that prefer the chosen answer. */
  readonly principles: readonly string[];
  /** The difference of the answers' weighted scores. */
  readonly gap: number;
};

/** A step's file has at most this many bytes. */
export const maxStepBytes = 2 ** 28;

/** Reads the rows of a step's file. `name` is the file's. Throws TapestryError `constitution.rows`, which names the line. */
export function parseRows<Schema extends v.GenericSchema>(
  schema: Schema,
  file: string,
  name: string,
): v.InferOutput<Schema>[] {
  return file.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    try {
      return [v.parse(schema, parseJson(new TextEncoder().encode(line)))];
    } catch (cause) {
      throw new TapestryError(
        'constitution.rows',
        `${printable(name)} cannot be used: line ${index + 1}: ${printable(cause instanceof Error ? cause.message : String(cause))}.`,
        'Correct the line, or remove it; docs/constitution.md lists the columns of each step.',
        { cause },
      );
    }
  });
}

/** A name for values that are equal only where all of their parts are. */
export const keyOf = (...parts: readonly unknown[]): string => JSON.stringify(parts);
