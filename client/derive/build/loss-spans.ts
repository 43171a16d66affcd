import type { Example } from '../../data/example.ts';
import type { ModelTokenizer } from '../../data/tokenizer.ts';

/** Tokens of an example in a row that all carry loss, or none of which does. */
export interface LossSpan {
  readonly tokens: readonly number[];
  /** Special tokens by their names. */
  readonly text: string;
  readonly carriesLoss: boolean;
}

/** One token of an example. */
export interface LossToken {
  readonly token: number;
  /** The characters that the token completes, often none: a character may have several tokens. Special tokens by their names. */
  readonly text: string;
  readonly carriesLoss: boolean;
}

/** An example as tokens, in their order. */
export function lossTokens({ tokens, carriesLoss }: Example, tokenizer: ModelTokenizer): LossToken[] {
  const names = namesOf(tokenizer);
  const { push } = tokenizer.stream();
  // Nothing predicts the first token.
  return Array.from(tokens, (token, at) => ({
    token,
    text: push(token) + (names.get(token) ?? ''),
    carriesLoss: at > 0 && carriesLoss[at] === 1,
  }));
}

/** An example as spans, in their order. A character whose bytes are in two spans is shown as U+FFFD in both. */
export function lossSpans({ tokens, carriesLoss }: Example, tokenizer: ModelTokenizer): LossSpan[] {
  const names = namesOf(tokenizer);
  const spans: { tokens: number[]; carriesLoss: boolean }[] = [];
  tokens.forEach((token, at) => {
    // Nothing predicts the first token.
    const carries = at > 0 && carriesLoss[at] === 1;
    const last = spans.at(-1);
    if (last?.carriesLoss === carries) last.tokens.push(token);
    else spans.push({ tokens: [token], carriesLoss: carries });
  });
  return spans.map((span) => ({ ...span, text: textOf(span.tokens, names, tokenizer) }));
}

function textOf(
  tokens: readonly number[],
  names: ReadonlyMap<number, string>,
  { stream }: ModelTokenizer,
): string {
  const { push, flush } = stream();
  return tokens.map((token) => push(token) + (names.get(token) ?? '')).join('') + flush();
}

function namesOf({ special }: ModelTokenizer): ReadonlyMap<number, string> {
  return new Map([...special].map(([name, token]) => [token, name]));
}
