import { lossText } from '../../../../relay/journal/entry.ts';
import type { Evaluators, Taken } from '../../../../relay/run/quality/evaluators/evaluators.ts';
import { lotsOf } from '../../../../relay/run/quality/measure.ts';
import {
  loweredIn,
  type RoundStandings,
  type ScoredContribution,
} from '../../../../relay/run/quality/round-standings.ts';
import type { PartName } from '../../../../relay/wire/fragments.ts';
import type { Hash } from '../../../../relay/wire/hex.ts';
import type { Evaluation, Measured } from '../../../../relay/wire/tapestry_pb.js';
import { hexOf } from '../world/virtual-hash.ts';
import { attemptOf, type JournalState, type VirtualContribution, type VirtualEntry } from './journal.ts';
import { measuredOf, type QualityOptions } from './quality-options.ts';
import type { RoundWorld } from './round-options.ts';

type Committed = VirtualEntry & { readonly kind: 'round-committed' };

/** What a commit makes of the contributions, in their order: the tokens with which each counts, and what its entry says of them. */
export interface Weights extends Pick<Committed, 'scores' | 'weighed'> {
  readonly counted: readonly { readonly payload: Hash; readonly tokens: number; readonly part: PartName }[];
}

/** The real machine of scores and reputations, for the journal that a process reads. */
export function standingsOf(
  { machines }: RoundWorld,
  options: QualityOptions | undefined,
): RoundStandings | null {
  if (options === undefined) return null;
  return new machines.RoundStandings({ quality: { case: 'measured', value: measuredOf(options) } });
}

/**
 * What one process of the relay measures of contributions, as relay/run/run-store.ts does: the real machines of evaluators, reputations,
 * weights and influence, over deltas that are a few numbers. Nobody signs.
 */
export class RelayQuality {
  readonly #world: RoundWorld;
  readonly #options: QualityOptions;
  readonly #replay: JournalState;
  readonly #standings: RoundStandings;
  readonly #evaluators: Evaluators | null;
  readonly #measured: Measured;
  #weights: Weights | null = null;

  constructor(world: RoundWorld, options: QualityOptions, replay: JournalState, standings: RoundStandings) {
    this.#world = world;
    this.#options = options;
    this.#replay = replay;
    this.#standings = standings;
    this.#measured = measuredOf(options);
    const scored = () => this.scored;
    const run = {
      run: { id: hexOf('run'), manifest: { quality: { case: 'measured' as const, value: this.#measured } } },
      get open() {
        return replay.open;
      },
      get scored() {
        return scored();
      },
    };
    this.#evaluators = world.machines.evaluatorsOf(run, { elapsed: () => world.elapsed() }, async () => true);
  }

  /** Sequences of the closed attempt's contributions that are scored. */
  get scored(): readonly number[] {
    const { open } = this.#replay;
    return open === null ? [] : this.#standings.drawn(attemptOf(open));
  }

  get isAwaited(): boolean {
    return this.#evaluators?.isAwaited ?? false;
  }

  closed(): void {
    this.#evaluators?.closed();
  }

  /** Null in a run without evaluators. */
  async take(evaluation: Evaluation): Promise<Taken | null> {
    return (await this.#evaluators?.take(evaluation)) ?? null;
  }

  /** Ends the wait: the evaluations to journal before the commit. */
  evaluations(): (VirtualEntry & { readonly kind: 'evaluation-accepted' })[] {
    const drafts = this.#evaluators?.drafts() ?? [];
    return drafts.flatMap((draft) =>
      draft.kind === 'evaluation-accepted' ? [{ kind: draft.kind, body: draft.body }] : [],
    );
  }

  /** Weighs the closed attempt. */
  async weigh(): Promise<void> {
    const { open } = this.#replay;
    if (open === null) return;
    const attempt = attemptOf(open);
    const contributions = [...open.contributions.values()];
    const scores = this.#standings.evaluated(attempt) ?? this.#measure(contributions);
    const standings = this.#standings.of(attempt, scores);
    const lots = lotsOf(contributions.map(({ payload }) => hexOf(payload)));
    const weighable = standings.map((standing, i) => {
      const { tokens = 0, payload = '' } = contributions[i] ?? {};
      const { norm, sketch } = this.#options.deltas.of(payload);
      return { ...standing, tokens, norm, sketches: [sketch], lot: lots[i] ?? '' };
    });
    this.#weights = null;
    await this.#weighed(contributions, weighable, scores);
  }

  /** Of the attempt that `weigh` was called for last. */
  get weights(): Weights {
    if (this.#weights === null) throw new Error('the contributions are not weighed yet');
    return this.#weights;
  }

  async #weighed(
    contributions: readonly VirtualContribution[],
    weighable: Parameters<RoundWorld['machines']['weigh']>[0],
    scores: readonly ScoredContribution[],
  ): Promise<void> {
    const { machines } = this.#world;
    const weighed = await machines.weigh(weighable, this.#measured);
    const counting = contributions.flatMap(({ payload, part }, i) => {
      const tokens = weighed[i]?.tokens ?? 0;
      return tokens > 0 ? [{ payload, tokens, part }] : [];
    });
    const capped = machines.cappedTokens(
      counting.map(({ tokens }) => tokens),
      this.#options.weightShare,
    );
    this.#weights = {
      scores,
      weighed: loweredIn(weighed, (index) => contributions[index]?.sequence ?? 0),
      counted: counting.map((one, i) => ({ ...one, tokens: capped[i] ?? 0 })),
    };
  }

  /** The relay's own scores, for an attempt that too few evaluated. */
  #measure(contributions: readonly VirtualContribution[]): ScoredContribution[] {
    const scored = new Set(this.scored);
    const { deltas } = this.#options;
    return contributions.flatMap(({ sequence, payload }) => {
      if (!scored.has(sequence)) return [];
      const { after, before } = deltas.losses(payload);
      return [{ sequence, before: lossText(before), after: lossText(after) }];
    });
  }
}
