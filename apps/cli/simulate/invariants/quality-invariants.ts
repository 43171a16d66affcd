import { lossOf } from '../../../../relay/journal/entry.ts';
import { faded, fresh, type Mark, marked, proven } from '../../../../relay/run/quality/reputation.ts';
import { scoreOf } from '../../../../relay/run/quality/round-standings.ts';
import type { VirtualContribution, VirtualEntry } from '../relay/journal.ts';
import type { QualityOptions } from '../relay/quality-options.ts';
import type { NodeNumber } from '../world/messages.ts';
import { type VirtualBase, withPayload } from '../world/virtual-base.ts';
import { EvaluatorsHeard } from './evaluators-heard.ts';
import { broken } from './invariant.ts';

type Committed = VirtualEntry & { readonly kind: 'round-committed' };

/** A contribution as the commit has it. */
interface Judged {
  readonly entry: VirtualContribution;
  readonly score: number | null;
  readonly reputation: number;
  readonly elapsedMs: number;
  readonly counted: number;
  readonly reason: Committed['weighed'][number]['reason'] | null;
}

/**
 * Checks what a run with measured quality makes of contributions: the scores against what was sent, and each weight against rules of its
 * own over the whole history, which it takes from the journal's entries.
 */
export class QualityInvariants {
  readonly evaluators: EvaluatorsHeard;
  readonly #options: QualityOptions;
  /** By committed round: the mark of each contribution's node. */
  readonly #marks: ReadonlyMap<NodeNumber, Mark>[] = [];
  /** The fewest milliseconds a token in which each node counted. */
  readonly #paces = new Map<NodeNumber, number>();
  #accepted: VirtualContribution[] = [];
  #firstOpenedAt = 0;

  constructor(options: QualityOptions) {
    this.#options = options;
    this.evaluators = new EvaluatorsHeard(options);
  }

  opened({ attempt, time }: VirtualEntry & { readonly kind: 'round-opened' }): void {
    if (attempt === 1) this.#firstOpenedAt = time;
    this.#accepted = [];
  }

  accepted(entry: VirtualContribution): void {
    this.#accepted.push(entry);
  }

  /** The base that a commit must make from `base`, after all its weights are checked. */
  committed(entry: Committed, base: VirtualBase): VirtualBase {
    this.evaluators.committed();
    this.#checkScores(entry);
    const judged = this.#judged(entry);
    const least = this.#leastScore(judged);
    for (const one of judged) this.#checkWeight(one, least, judged);
    this.#checkUnproven(judged);
    this.#remember(judged, least);
    const counted = judged.filter((one) => one.counted > 0);
    const cap = greatestCap(
      counted.map((one) => one.counted),
      this.#options.weightShare,
    );
    return counted.reduce(
      (next, one) => withPayload(next, one.entry.payload, Math.min(one.counted, cap)),
      base,
    );
  }

  #checkScores({ scores }: Committed): void {
    const { settings, deltas } = this.#options;
    const wanted = Math.min(settings.evaluations, this.#accepted.length);
    const scored = scores.map(({ sequence }) => this.#accepted.find((one) => one.sequence === sequence));
    if (new Set(scored).size !== wanted || scores.length !== wanted || scored.includes(undefined))
      broken('scores-decide', `${scores.length} scores of ${this.#accepted.length} contributions`);
    for (const [place, score] of scores.entries()) {
      const exact = deltas.losses(scored[place]?.payload ?? '');
      const sent = this.evaluators.journaled
        .map(({ before, after }) => lossOf(before[place] ?? '') - lossOf(after))
        .sort((one, other) => one - other);
      const expected = this.evaluators.decide
        ? sent[Math.floor((sent.length - 1) / 2)]
        : exact.before - exact.after;
      if (scoreOf(score) !== expected)
        broken('scores-decide', `a score is ${scoreOf(score)}, and whoever decides measured ${expected}`);
    }
  }

  #judged({ round, scores, weighed }: Committed): Judged[] {
    const lowered = new Map(weighed.map((one) => [one.sequence, one]));
    const scored = new Map(scores.map((one) => [one.sequence, scoreOf(one)]));
    const judged = this.#accepted.map((entry): Judged => {
      const { sequence, tokens, node, time } = entry;
      const { tokens: counted = tokens, reason = null } = lowered.get(sequence) ?? {};
      if (counted < 0 || (reason !== null && counted >= tokens))
        broken('weights-earned', `a contribution that is lowered counts ${counted} of ${tokens} tokens`);
      const elapsedMs = Math.max(1, time - this.#firstOpenedAt);
      const reputation = this.#reputation(node, round);
      return { entry, score: scored.get(sequence) ?? null, reputation, elapsedMs, counted, reason };
    });
    const known = new Set(this.#accepted.map(({ sequence }) => sequence));
    if (lowered.size !== weighed.length || weighed.some(({ sequence }) => !known.has(sequence)))
      broken('weights-earned', 'a commit lowers what it does not have');
    return judged;
  }

  /** Before a round: the marks of all rounds before, one after another. */
  #reputation(node: NodeNumber, round: number): number {
    let reputation = fresh;
    for (const marks of this.#marks.slice(0, round - 1)) {
      const mark = marks.get(node);
      reputation = mark === undefined ? faded(reputation) : marked(reputation, mark);
    }
    return reputation;
  }

  #leastScore(judged: readonly Judged[]): number {
    const { scoreTolerance, scorePart } = this.#options.settings;
    const sizes = judged.flatMap(({ score }) => (score === null ? [] : [Math.abs(score)]));
    const mean = sizes.length === 0 ? 0 : sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    return -Math.max(scoreTolerance, scorePart * mean);
  }

  #checkWeight(one: Judged, least: number, all: readonly Judged[]): void {
    const { entry, score, reputation, counted, reason, elapsedMs } = one;
    const { node, tokens } = entry;
    const { deltas, settings } = this.#options;
    const character = deltas.character(node);
    const wrong = (why: string) =>
      broken('weights-earned', `node ${node} counts ${counted} of ${tokens} tokens, and ${why}`);
    if (score !== null && score < least && counted > 0) wrong(`its score is ${score}`);
    if (reputation < fresh && counted > Math.floor((tokens * reputation) / fresh))
      wrong(`its reputation is ${reputation}`);
    const pace = this.#paces.get(node);
    if (pace !== undefined && counted > Math.max(1, Math.floor((settings.speedFactor * elapsedMs) / pace)))
      wrong('it was never so fast');
    const isOf = (kind: typeof character) => (other: Judged) => deltas.character(other.entry.node) === kind;
    const others = all.length - all.filter(isOf(character)).length;
    const first = all.find(isOf('twin'));
    if (character === 'twin' && all.length > 2 && others > 0 && first !== one && counted > 0)
      wrong('its delta is a copy');
    // A majority of the round says what so many tokens show.
    const shown = (deltas.of(entry.payload).norm * mostTokens(all)) / settings.workPart;
    if (character === 'boaster' && 2 * others > all.length + 1 && counted > shown)
      wrong('its delta is too short for them');
    const isTrusted = character === 'honest' && score !== null && score >= least && reputation >= fresh;
    if (isTrusted && counted < tokens && reason !== 'too-fast') wrong(`it is honest: ${reason}`);
  }

  /** Of what counts, at most a third is by keys of which nothing is known. */
  #checkUnproven(judged: readonly Judged[]): void {
    const counting = judged.filter(({ counted }) => counted > 0);
    const known = counting.filter(({ score, reputation }) => score !== null || reputation >= proven);
    if (counting.length - known.length > Math.floor(known.length / 2))
      broken(
        'weights-earned',
        `${counting.length - known.length} unknown nodes count beside ${known.length}`,
      );
  }

  #remember(judged: readonly Judged[], least: number): void {
    const marks = new Map<NodeNumber, Mark>();
    for (const { entry, score, reason, counted, elapsedMs } of judged) {
      const isBad = reason === 'copy' || (score !== null && score < least);
      const isGood = score !== null && reason !== 'short' && reason !== 'too-fast';
      marks.set(entry.node, isBad ? 'bad' : isGood ? 'good' : null);
      if (counted === 0) continue;
      const before = this.#paces.get(entry.node) ?? Number.POSITIVE_INFINITY;
      this.#paces.set(entry.node, Math.min(before, elapsedMs / counted));
    }
    this.#marks.push(marks);
  }
}

function mostTokens(judged: readonly Judged[]): number {
  return Math.max(...judged.map(({ entry }) => entry.tokens));
}

/** The greatest number of tokens with which none has more than `share` per cent of all, found by trying each; else the least that one has. */
function greatestCap(tokens: readonly number[], share: number): number {
  if (share >= 100) return Number.POSITIVE_INFINITY;
  for (let cap = Math.max(0, ...tokens); cap > 0; cap--)
    if (100 * cap <= share * tokens.reduce((sum, own) => sum + Math.min(own, cap), 0)) return cap;
  return Math.min(...tokens);
}
