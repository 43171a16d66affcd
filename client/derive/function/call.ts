import * as v from 'valibot';

/** Limits of a person's function. Counts of turns, unlike times, are the same on every machine. */
export interface FunctionLimits {
  readonly sourceBytes: number;
  readonly memoryBytes: number;
  readonly stackBytes: number;
  /** Turns of a call: about ten thousand loops, calls or steps of a regular expression each. */
  readonly turns: number;
}

export const defaultFunctionLimits: FunctionLimits = {
  sourceBytes: 2 ** 20,
  memoryBytes: 2 ** 25,
  stackBytes: 2 ** 18,
  turns: 200,
};

/** The arguments of one call: the completion, and what it answers. `answer` is the row's own, if it has one. */
export interface FunctionInput {
  readonly completion: string;
  readonly prompt: string;
  readonly answer: string | null;
}

/** A finite number, or why there is none. */
export type FunctionResult = { readonly value: number } | { readonly failure: string };

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** What a thread is asked: one call. */
export const requestSchema = v.strictObject({
  source: v.string(),
  input: v.strictObject({ completion: v.string(), prompt: v.string(), answer: v.nullable(v.string()) }),
  limits: v.strictObject({ sourceBytes: count, memoryBytes: count, stackBytes: count, turns: count }),
});

export type FunctionRequest = v.InferOutput<typeof requestSchema>;

/** What it answers. */
export const resultSchema = v.union([
  v.strictObject({ value: v.pipe(v.number(), v.finite()) }),
  v.strictObject({ failure: v.string() }),
]);
