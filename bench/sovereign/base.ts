import type { TokenizedCorpus } from '../../client/data/corpus.ts';
import { presets } from '../../client/model/config.ts';
import type { Random } from '../../client/random.ts';
import type { Files } from '../../client/runtime.ts';
import type { Seconds } from './seconds.ts';
import type { Verses } from './verses.ts';

/** The model of the bench; rows are as long as its context. */
export const config = presets.nano;
export type Weights = Float32Array<ArrayBuffer>;

/** What every stage begins with. */
export interface Base extends Verses {
  readonly gpu: GPU;
  readonly files: Files | null;
  readonly weights: Weights;
  /** How long their training took. */
  readonly seconds: Seconds;
  /** Verses of both kinds, in the order of the base's training. */
  readonly baseText: TokenizedCorpus;
  /** Held-out verses of each kind. */
  readonly cards: Readonly<Record<'old' | 'modern', TokenizedCorpus>>;
  readonly seed: number;
}

/** Keys for a stage of `steps` that is measured `count` times after its beginning. */
export const measured = (count: number, steps: number) =>
  `max_steps: ${steps}\neval_steps: ${Math.ceil(steps / count)}`;

/** At most `count` of some values, evenly spread over them. */
export function spread<Value>(values: readonly Value[], count: number): Value[] {
  const stride = Math.max(1, Math.floor(values.length / count));
  return values.filter((_, index) => index % stride === 0).slice(0, count);
}

/** The values in a random order (Fisher and Yates). */
export function shuffled<Value>(values: readonly Value[], random: Random): Value[] {
  const order = [...values];
  for (let last = order.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    const [one, two] = [order[last], order[other]];
    if (one === undefined || two === undefined) continue;
    order[last] = two;
    order[other] = one;
  }
  return order;
}
