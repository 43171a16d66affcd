import type { Corpus } from '../../data/corpus.ts';
import { TextBytes } from '../../data/text-bytes.ts';
import type { ProtectedDomains } from './domains.ts';
import { type RemovedByRule, RuleCounts } from './protected-rows.ts';
import { type ProtectedMatch, ProtectedScanner } from './scanner.ts';

/** A corpus without protected passages, and the number of passages by rule. */
export interface ProtectedCorpus {
  readonly corpus: Corpus;
  readonly removed: readonly RemovedByRule[];
}

/**
 * Removes from base text the lines that have a part of a protected passage. Throws `protected.refused` if a rule that
 * refuses data matches one.
 */
export function withoutProtectedLines(corpus: Corpus, domains: ProtectedDomains): ProtectedCorpus {
  const counts = new RuleCounts(domains);
  const clean = (text: TextBytes) => {
    const kept = new TextBytes();
    for (const document of documentsOf(text)) {
      const left = withoutLines(document, passagesIn(document, domains, counts, corpus.name));
      if (left.trim() !== '') kept.add(left);
    }
    return kept;
  };
  const cleaned = { name: corpus.name, train: clean(corpus.train), heldOut: clean(corpus.heldOut) };
  counts.requireNoneRefused();
  return { corpus: cleaned, removed: counts.list() };
}

function* documentsOf(text: TextBytes): Generator<string> {
  let document = '';
  for (const piece of text.pieces()) {
    document += piece.text;
    if (!piece.ends) continue;
    yield document;
    document = '';
  }
  if (document !== '') yield document;
}

/** The passages of a document, counted by rule; matches of a rule that overlap are one passage. */
function passagesIn(
  document: string,
  domains: ProtectedDomains,
  counts: RuleCounts,
  place: string,
): readonly ProtectedMatch[] {
  const scanner = new ProtectedScanner(domains);
  const matches = [...scanner.push(document), ...scanner.end()];
  const ends = new Map<string, number>();
  for (const { rule, start, end } of matches.toSorted((a, b) => a.start - b.start)) {
    if (start >= (ends.get(rule) ?? 0)) counts.add([rule], place);
    ends.set(rule, Math.max(end, ends.get(rule) ?? 0));
  }
  return matches;
}

function withoutLines(document: string, passages: readonly ProtectedMatch[]): string {
  if (passages.length === 0) return document;
  const sorted = passages.toSorted((a, b) => a.start - b.start);
  let kept = '';
  let from = 0;
  for (const { start, end } of sorted) {
    // A passage that begins before `from` may still reach past it.
    if (end <= from) continue;
    const lineStart = document.lastIndexOf('\n', start - 1) + 1;
    if (lineStart > from) kept += document.slice(from, lineStart);
    const lineEnd = document.indexOf('\n', end - 1);
    from = lineEnd < 0 ? document.length : lineEnd + 1;
  }
  return kept + document.slice(from);
}
