import type { Principle } from '../constitution.ts';
import type { Critic } from './critique.ts';
import { type Labeller, opinion } from './labeller.ts';
import type { CritiqueRow, NoRevisionRow, RevisionRow } from './rows.ts';
import { revisionRequest } from './words.ts';

export interface ReviseOptions {
  readonly labeller: Labeller;
  readonly critic: Critic;
  /** Attempts at each answer. */
  readonly attempts: number;
  /**
   * `again`: the model answers the prompt again, and the labeller chooses; it needs no understanding of the principle. `words`:
   * the model is shown the critique and asked for a better answer.
   */
  readonly by: 'again' | 'words';
}

/** Revises answers that break a principle. A row says so where the labeller preferred no attempt to the answer. */
export async function reviseAnswers(
  rows: readonly CritiqueRow[],
  principle: Principle,
  { labeller, critic, attempts, by }: ReviseOptions,
  signal: AbortSignal,
): Promise<(RevisionRow | NoRevisionRow)[]> {
  const requests = rows.flatMap((row) =>
    Array.from({ length: attempts }, (_, attempt) => ({
      prompt: by === 'again' ? row.prompt : revisionRequest(critic.tokenizer, principle, row, row.critique),
      // The first attempts at a prompt may be the very answers that are revised.
      attempt: revisionAttempts + attempt,
    })),
  );
  const written = await critic.writer.write(requests, signal);
  // An answer that continues its prompt begins with its own white space.
  const texts = by === 'again' ? written : written.map((text) => text.trim());
  const candidates = texts.map((completion, index) => ({
    prompt: rows[Math.floor(index / attempts)]?.prompt ?? '',
    completion,
  }));
  const scores = await labeller.scores(principle, candidates);
  const before = await labeller.scores(principle, rows);
  return rows.map(({ prompt, completion: original }, index) => {
    let best = { completion: '', score: before[index] ?? null };
    for (let at = index * attempts; at < (index + 1) * attempts; at++) {
      const [completion, score] = [texts[at] ?? '', scores[at] ?? null];
      if (completion.trim() !== '' && opinion(score, best.score) > 0) best = { completion, score };
    }
    const { completion } = best;
    const about = { prompt, original, principle: principle.id };
    return completion === '' ? { ...about, none: 'no-better' as const } : { ...about, completion };
  });
}

const revisionAttempts = 2 ** 16;
