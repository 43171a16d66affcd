import type { Run } from '../../run/run.ts';
import type { RelayStatus, StatusRound } from '../../wire/status.ts';
import { CompressibleJson } from '../http/compressible.ts';

type Sample = NonNullable<RelayStatus['sample']>;

/** The most rounds of which the relay keeps what their bases wrote, and the most answers that it keeps. */
const most = { samples: 64, answers: 16 } as const;

/** Committed rounds, one at a time, for whoever opens one. */
export class RoundView {
  readonly #run: Run;
  readonly #samples = new Map<number, Sample>();
  readonly #answers = new Map<number, Promise<CompressibleJson | null>>();

  constructor(run: Run) {
    this.#run = run;
  }

  /** Keeps what the base of a round wrote. */
  sampled(sample: Sample): void {
    this.#samples.delete(sample.round);
    this.#samples.set(sample.round, sample);
    this.#answers.delete(sample.round);
    dropOldest(this.#samples, most.samples);
  }

  /** The answer for a round; null for one that is not committed. */
  answer(round: number): Promise<CompressibleJson | null> {
    const committed = this.#run.history()[round - 1];
    if (committed === undefined) return Promise.resolve(null);
    const known = this.#answers.get(round);
    if (known !== undefined) return known;
    const answer = this.#read(round, committed);
    this.#answers.set(round, answer);
    dropOldest(this.#answers, most.answers);
    // A journal that could not be read is read again.
    answer.catch(() => this.#answers.delete(round));
    return answer;
  }

  async #read(round: number, committed: StatusRound['committed']): Promise<CompressibleJson | null> {
    const read = await this.#run.roundOf(round);
    if (read === null) return null;
    const sample = this.#samples.get(round) ?? null;
    const said: StatusRound = { run: this.#run.id, committed, ...read, sample };
    return new CompressibleJson(said);
  }
}

function dropOldest<Key>(map: Map<Key, unknown>, most: number): void {
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}
