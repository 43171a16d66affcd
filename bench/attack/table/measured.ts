import { KeyRecords } from '../../../relay/run/quality/key-records.ts';
import { lotsOf } from '../../../relay/run/quality/measure.ts';
import { RoundMean } from '../../../relay/run/quality/round-mean.ts';
import { marksOf } from '../../../relay/run/quality/scores.ts';
import type { Weighed } from '../../../relay/run/quality/weigh.ts';
import type { FoldedContribution } from '../../../relay/run/round-fold.ts';
import type { Codec } from '../../../relay/wire/codec/codec.ts';
import type { Fragments } from '../../../relay/wire/fragments.ts';
import type { WholeManifest } from '../../../relay/wire/frames.ts';

/** A contribution with the key that it is of. */
export type KeyedContribution = FoldedContribution & { readonly key: string };

/** Every node sends at the end of the round, hostile ones too: a node that waits is not found by its speed. */
const elapsedMs = 20_000;

interface RunOf {
  readonly manifest: WholeManifest;
  readonly codec: Codec;
  readonly fragments: Fragments;
}

/** What a relay measures of contributions, with its own rules, in a run without a journal. */
export class MeasuredRounds {
  readonly #run: RunOf;
  readonly #loss: (base: Float32Array) => number;
  readonly #records = new KeyRecords();

  /** `loss`: that of a base on the probe. */
  constructor(run: RunOf, loss: (base: Float32Array) => number) {
    this.#run = run;
    this.#loss = loss;
  }

  /** The contributions to `round`, each with its standing. */
  async standing(
    round: number,
    base: Float32Array<ArrayBuffer>,
    contributions: readonly KeyedContribution[],
  ): Promise<(KeyedContribution & Required<Pick<FoldedContribution, 'standing'>>)[]> {
    const scores = await this.#scores(round, base, contributions);
    return contributions.map((one, i) => ({
      ...one,
      standing: { ...this.#records.before(round, one.key), elapsedMs, score: scores.get(i) ?? null },
    }));
  }

  /** `round` was committed. */
  committed(
    round: number,
    contributions: Awaited<ReturnType<MeasuredRounds['standing']>>,
    weighed: readonly Weighed[],
  ): void {
    const { quality } = this.#run.manifest;
    if (quality.case === 'claimed') return;
    const facts = contributions.map(({ standing }, i) => ({
      score: standing.score,
      reason: weighed[i]?.reason ?? null,
    }));
    const marks = marksOf(facts, quality.value);
    this.#records.committed(
      round,
      contributions.map(({ key }, i) => ({
        ...{ key, elapsedMs },
        ...{ mark: marks[i] ?? null, tokens: weighed[i]?.tokens ?? 0 },
      })),
    );
  }

  /** The scores of the contributions that the lots draw, by index. */
  async #scores(round: number, base: Float32Array<ArrayBuffer>, contributions: readonly KeyedContribution[]) {
    const { manifest, codec, fragments } = this.#run;
    const { quality } = manifest;
    const scores = new Map<number, number>();
    if (quality.case === 'claimed' || quality.value.evaluations === 0) return scores;
    const lots = lotsOf(contributions.map(({ payload }) => payload));
    const order = [...lots.keys()].sort((one, other) => ((lots[one] ?? '') < (lots[other] ?? '') ? -1 : 1));
    const mean = await RoundMean.of(contributions, fragments, codec, manifest.limits.quorum);
    const lossWithout = async (without: number | null) =>
      this.#loss(await mean.from(base, fragments.at(round), without));
    const after = await lossWithout(null);
    for (const i of order.slice(0, quality.value.evaluations)) scores.set(i, (await lossWithout(i)) - after);
    return scores;
  }
}
