import { renderChat } from '../../../data/chat-template.ts';
import { encodeBeginning, type ModelTokenizer } from '../../../data/tokenizer.ts';
import { plain, type Row, type Turns } from '../../data/row.ts';
import type { Reinforce } from '../../recipe/reinforce.ts';
import type { Examples } from '../examples.ts';
import type { StageExample } from '../loss/group-loss.ts';

/** The prompts of rows, as examples without a target. One whose longest completion would not fit a window is left out. */
export function promptExamples(
  rows: readonly Row[],
  { rules, longest }: Reinforce,
  tokenizer: ModelTokenizer,
  sequence: number,
): Examples {
  const examples: StageExample[] = [];
  const needsAnswer = rules.some(({ kind }) => kind === 'exact');
  let [tooLong, unsuitable] = [0, 0];
  for (const row of rows) {
    const suits = row.form === 'answer' || (row.form === 'prompt' && !needsAnswer);
    const tokens = suits ? promptTokens(row.prompt, tokenizer) : null;
    if (!suits || tokens === null) unsuitable++;
    else if (tokens.length + longest - 1 > sequence) tooLong++;
    else
      examples.push({
        tokens,
        carriesLoss: new Uint8Array(tokens.length),
        prompt: row.prompt,
        ...(row.form === 'answer' && { answer: plain(row.completion) }),
      });
  }
  return { examples, tooLong, unsuitable };
}

/** The tokens that the model continues to answer a prompt: text as it is, messages by the chat template. */
export function promptTokens(prompt: Turns, tokenizer: ModelTokenizer): Uint32Array<ArrayBuffer> {
  if (typeof prompt !== 'string') return renderChat(tokenizer, prompt, { prompt: true }).tokens;
  return encodeBeginning(tokenizer, prompt);
}
