import * as v from 'valibot';

/**
 * What a run's base writes for a room. `GET api/speech` gives the prompt that is shown and what bases of several rounds make of it.
 * `POST api/speech` with a `promptSchema` asks for another prompt; it waits behind those before it.
 */
export const speechPath = '/api/speech';

/** A prompt has at most so many characters, and the text that asks for it so many bytes. */
export const mostPromptCharacters = 120;
export const mostPromptBytes = 1_024;

/** The rounds whose bases are compared, where they are committed, beside the newest. */
export const comparedRounds: readonly number[] = [1, 5, 20];

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

export const speechSchema = v.strictObject({
  /** Grows with each change. The status gives it too. */
  revision: count,
  prompt: v.strictObject({ id: count, text: v.string(), corpus: v.nullable(v.string()) }),
  /** Oldest round first; the text is null while it is written, and for a base that is about to write. */
  writings: v.array(v.strictObject({ round: count, text: v.nullable(v.string()) })),
  /** The prompts that wait. */
  waiting: count,
  /** Whether people may send prompts: where the run has a presenter, who can skip one. */
  isOpen: v.boolean(),
  /** How texts of the run's corpora begin, for those who want to see one continued. */
  starts: v.array(v.strictObject({ corpus: v.string(), text: v.string() })),
});
export type Speech = v.InferOutput<typeof speechSchema>;

export const promptSchema = v.strictObject({ text: v.string(), corpus: v.nullable(v.string()) });
export type Prompt = v.InferOutput<typeof promptSchema>;

/** What hides, reorders or breaks text: all controls and formats but the two joiners that scripts need, and more than four marks on a letter. */
const unfit = /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]|(?![\u200C\u200D])\p{Cf}|\p{M}{5,}/u;

/** A prompt as it is shown: without outer spaces, in normal form C. Null for a text that cannot be one. */
export function cleanPrompt(text: string): string | null {
  const clean = text.normalize('NFC').trim();
  const isFit = /[\p{L}\p{N}]/u.test(clean) && !unfit.test(clean);
  return isFit && [...clean].length <= mostPromptCharacters ? clean : null;
}
