import { renderChat } from '../../data/chat-template.ts';
import { type Example, rowsOf, targetsOf } from '../../data/example.ts';
import { encodeBeginning, type ModelTokenizer } from '../../data/tokenizer.ts';
import type { Message, Row, Turns } from '../data/row.ts';
import type { StageRecipe } from '../recipe/recipe.ts';
import type { StageExample } from './loss/group-loss.ts';

/** The examples of some rows, and the numbers of rows that gave none. */
export interface Examples {
  readonly examples: readonly StageExample[];
  /** Rows that are longer than a window. */
  readonly tooLong: number;
  /** Rows of a form that the stage does not use. */
  readonly unsuitable: number;
}

/**
 * The rows as examples that fit a window of `sequence`. Texts to continue are joined and cut into windows; an answer is never
 * cut, because the model would learn not to end. Throws the errors of `renderChat`.
 */
export function examplesOf(
  rows: readonly Row[],
  stage: Pick<StageRecipe, 'kind' | 'trainsOnPrompts'>,
  tokenizer: ModelTokenizer,
  sequence: number,
): Examples {
  if (stage.kind === 'continue') return windowsOf(rows, tokenizer, sequence);
  const examples: Example[] = [];
  let [tooLong, unsuitable] = [0, 0];
  for (const row of rows) {
    const example = answerExample(row, tokenizer);
    if (example === null) unsuitable++;
    else if (rowsOf(example) > sequence) tooLong++;
    else examples.push(stage.trainsOnPrompts ? wholly(example) : example);
  }
  return { examples, tooLong, unsuitable };
}

/** All texts, each between the tokens for beginning and end, as consecutive windows: each token but the first is a target once. */
function windowsOf(rows: readonly Row[], tokenizer: ModelTokenizer, sequence: number): Examples {
  const texts = rows.flatMap((row) => (row.form === 'text' ? [encodeBeginning(tokenizer, row.text)] : []));
  const all = new Uint32Array(texts.reduce((sum, { length }) => sum + length + 1, 0));
  let at = 0;
  for (const text of texts) {
    all.set(text, at);
    all[at + text.length] = tokenizer.end;
    at += text.length + 1;
  }
  const examples: Example[] = [];
  for (let start = 0; start < all.length - 1; start += sequence) {
    const tokens = all.slice(start, start + sequence + 1);
    examples.push(wholly({ tokens, carriesLoss: new Uint8Array(tokens.length) }));
  }
  return { examples, tooLong: 0, unsuitable: rows.length - texts.length };
}

const wholly = ({ tokens }: Example): Example => ({
  tokens,
  carriesLoss: new Uint8Array(tokens.length).fill(1, 1),
});

/** The example of a row with an answer; null for any other. */
function answerExample(row: Row, tokenizer: ModelTokenizer): Example | null {
  if (row.form === 'messages') return withTargets(renderChat(tokenizer, row.messages));
  return row.form === 'answer' ? answerOf(row.prompt, row.completion, tokenizer) : null;
}

/**
 * A prompt and its completion, whose tokens carry loss. Text is used as it is, between the tokens for beginning and end, and
 * the end carries loss: the model learns to stop. If either is messages, both are, and the chat template writes them.
 */
export function answerOf(prompt: Turns, completion: Turns, tokenizer: ModelTokenizer): Example | null {
  if (typeof prompt !== 'string' || typeof completion !== 'string')
    return withTargets(
      renderLast(messagesOf(prompt, 'user'), messagesOf(completion, 'assistant'), tokenizer),
    );
  const asked = encodeBeginning(tokenizer, prompt);
  const answered = tokenizer.encode(prompt === '' ? tokenizer.prefix + completion : completion);
  const tokens = Uint32Array.of(...asked, ...answered, tokenizer.end);
  return { tokens, carriesLoss: new Uint8Array(tokens.length).fill(1, asked.length) };
}

/** Messages of which only the last carry loss: earlier answers are a part of the prompt. */
function renderLast(
  prompt: readonly Message[],
  last: readonly Message[],
  tokenizer: ModelTokenizer,
): Example {
  const { tokens, carriesLoss } = renderChat(tokenizer, [...prompt, ...last]);
  const before = renderChat(tokenizer, prompt).tokens.length;
  return { tokens, carriesLoss: carriesLoss.map((carries, at) => (at < before ? 0 : carries)) };
}

const messagesOf = (turns: Turns, role: Message['role']): readonly Message[] =>
  typeof turns === 'string' ? (turns === '' ? [] : [{ role, content: turns }]) : turns;

const withTargets = (example: Example): Example | null => (targetsOf(example) > 0 ? example : null);
