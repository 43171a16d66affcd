import { Random } from '../../../random.ts';
import { normalized } from '../../data/near-copies.ts';
import type { PromptRow } from './rows.ts';
import { promptRequest } from './words.ts';
import type { Writer } from './writer.ts';

/** Prompts that the model reads before it writes another. */
const shownExamples = 4;

/** Attempts, as a multiple of the prompts that are asked for, before the step gives up. */
const mostAttempts = 10;

/**
 * Red-team prompts: the model continues a list of examples that a person wrote, drawn anew each time. Yields new prompts as they
 * come, in chunks, without those that differ from an earlier one only in case, accents or punctuation. Ends when there are
 * `count` beside the examples, or after ten attempts for each.
 */
export async function* writePrompts(
  examples: readonly string[],
  done: readonly string[],
  { count, seed, chunk }: { readonly count: number; readonly seed: number; readonly chunk: number },
  writer: Writer,
  signal: AbortSignal,
): AsyncGenerator<PromptRow[]> {
  const known = new Set([...examples, ...done].map(normalized));
  let found = done.length;
  for (let attempt = 0; found < count && attempt < mostAttempts * count; attempt += chunk) {
    const requests = Array.from({ length: chunk }, (_, index) => {
      const drawn = drawExamples(examples, Random.seeded(seed, attempt + index));
      return { prompt: promptRequest(drawn), attempt: attempt + index, stop: ['\n'] };
    });
    const written = await writer.write(requests, signal);
    const fresh: PromptRow[] = [];
    for (const text of written.map((each) => each.trim())) {
      const key = normalized(text);
      if (text === '' || known.has(key) || found + fresh.length === count) continue;
      known.add(key);
      fresh.push({ prompt: text });
    }
    found += fresh.length;
    if (fresh.length > 0) yield fresh;
  }
}

function drawExamples(examples: readonly string[], random: Random): string[] {
  const left = [...examples];
  return Array.from({ length: Math.min(shownExamples, left.length) }, () => {
    const [drawn = ''] = left.splice(random.below(left.length), 1);
    return drawn;
  });
}
