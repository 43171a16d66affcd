import type { Device } from './device.ts';
import { digest } from './digest.ts';
import type { Candidate, Choices, Storage } from './operation.ts';
import type { RecordedSite } from './program.ts';
import { GpuTrials, type Trials, triable } from './trials.ts';

/** What became of one candidate at one site. */
export interface Measurement {
  readonly variant: string;
  /** A dispatch; null where the candidate was refused. */
  readonly microseconds: number | null;
  /** Why it may not be used here: it does not compile, or its numbers are not the reference's. */
  readonly refused: string | null;
}

/** What is known of one site: which variant runs there, and why. */
export interface Tuning {
  readonly key: string;
  readonly operation: string;
  readonly words: readonly number[];
  readonly storage: Storage;
  /** Digest of all the candidates: what was measured is of no use for others. */
  readonly candidates: string;
  readonly guess: string;
  readonly chosen: string;
  readonly measurements: readonly Measurement[];
}

export interface TuneOptions {
  /** No site is begun after so many milliseconds, compilation included. */
  readonly budget?: number;
  /** What one timing should take, in milliseconds: far more than the wait for it. */
  readonly sample?: number;
  /** How often each candidate is timed. The least counts: whatever else the machine does can only add to it. */
  readonly rounds?: number;
  readonly now?: () => number;
  readonly signal?: AbortSignal;
  readonly onTuned?: (tuning: Tuning, done: number, all: number) => void;
}

/** A candidate this much slower than the fastest at first sight is not looked at again, unless it is the guess. */
const hopeless = 2;
/** Whoever would replace the guess must be faster by this, and in most rounds. */
const margin = 0.03;
const mostRepetitions = 4096;
/** A processor has other work, too, and whoever has it measured waits for it. */
const onProcessor = { sample: 20, rounds: 9 };

/** Measures on a device the sites that have a choice, as far as memory goes; see `measure`. Rejects with `device.lost`, or the signal's reason. */
export async function tune(
  device: Device,
  sites: readonly RecordedSite[],
  options: TuneOptions = {},
): Promise<Tuning[]> {
  const fitting = largestFirst(triable(device, sites));
  device.device.pushErrorScope('out-of-memory');
  const trials = new GpuTrials(device, fitting);
  try {
    // Where a model takes all there is, kernels are guessed.
    if ((await device.device.popErrorScope()) !== null) return [];
    return await measure(fitting, trials, { ...(device.software ? onProcessor : {}), ...options });
  } finally {
    trials.close();
  }
}

/**
 * Chooses a variant for each site that has several: of those whose numbers are the reference's the fastest, if it beats
 * the guess clearly. Sites come largest first, so that a budget goes where the time does; what it leaves out is not
 * in the result.
 */
export async function measure(
  sites: readonly RecordedSite[],
  trials: Trials,
  options: TuneOptions = {},
): Promise<Tuning[]> {
  const { budget = Infinity, now = () => performance.now(), onTuned } = options;
  const startedAt = now();
  const tunable = largestFirst(sites.filter(hasChoice));
  const tunings: Tuning[] = [];
  for (const site of tunable) {
    if (now() - startedAt > budget) break;
    const tuning = await measureSite(site, trials, options);
    tunings.push(tuning);
    onTuned?.(tuning, tunings.length, tunable.length);
  }
  return tunings;
}

export function choicesOf(tunings: Iterable<Tuning>): Choices {
  return new Map(Array.from(tunings, ({ key, chosen }) => [key, chosen]));
}

export function digestOf({ candidates }: RecordedSite): string {
  return digest(JSON.stringify(candidates));
}

function hasChoice({ candidates }: RecordedSite): boolean {
  return candidates.length > 1;
}

function largestFirst(sites: readonly RecordedSite[]): RecordedSite[] {
  return sites.toSorted((a, b) => bytesOf(b) - bytesOf(a));
}

const bytesOf = ({ bytes }: RecordedSite) => Object.values(bytes).reduce((sum, size) => sum + size, 0);

/** A candidate that may be used, and what its timings were so far. */
interface Runner {
  readonly candidate: Candidate;
  readonly repetitions: number;
  /** A dispatch, at first sight and in each round. */
  readonly milliseconds: number[];
}

async function measureSite(
  site: RecordedSite,
  trials: Trials,
  { sample = 2, rounds = 5, signal }: TuneOptions,
): Promise<Tuning> {
  const refusals = new Map<string, string>();
  const runners: Runner[] = [];
  for (const candidate of site.candidates) {
    signal?.throwIfAborted();
    const refusal = await trials.refusal(site, candidate);
    if (refusal === null) runners.push(await firstSight(site, candidate, trials, sample));
    else refusals.set(candidate.variant, refusal);
  }
  const best = Math.min(...runners.map(least));
  const hopeful = runners.filter(
    (runner) => least(runner) <= hopeless * best || runner.candidate.variant === site.guess.variant,
  );
  // One after the other in turn: what slows the machine for a while slows them all alike.
  for (let round = 0; hopeful.length > 1 && round < rounds; round++)
    for (const { candidate, repetitions, milliseconds } of hopeful) {
      signal?.throwIfAborted();
      milliseconds.push((await trials.time(site, candidate, repetitions)) / repetitions);
    }
  const { key, operation, words, storage, guess } = site;
  return {
    key,
    operation,
    words,
    storage,
    candidates: digestOf(site),
    guess: guess.variant,
    chosen: pick(runners, guess.variant),
    measurements: site.candidates.map(({ variant }) => {
      const runner = runners.find(({ candidate }) => candidate.variant === variant);
      const microseconds = runner === undefined ? null : 1000 * least(runner);
      return { variant, microseconds, refused: refusals.get(variant) ?? null };
    }),
  };
}

/** The fastest, unless the guess is nearly as fast; where none may be used, the guess stays. */
function pick(runners: readonly Runner[], guess: string): string {
  const [fastest] = runners.toSorted((a, b) => least(a) - least(b));
  const guessed = runners.find(({ candidate }) => candidate.variant === guess);
  if (fastest === undefined) return guess;
  if (guessed === undefined) return fastest.candidate.variant;
  const wins = fastest.milliseconds.filter((time, round) => time < (guessed.milliseconds[round] ?? 0)).length;
  const clearly = least(fastest) < least(guessed) * (1 - margin) && wins > fastest.milliseconds.length / 2;
  return clearly ? fastest.candidate.variant : guess;
}

/** Finds how many repetitions make a timing long enough. The last timing counts as the first of the candidate's. */
async function firstSight(
  site: RecordedSite,
  candidate: Candidate,
  trials: Trials,
  sample: number,
): Promise<Runner> {
  for (let repetitions = 1; ; ) {
    const milliseconds = await trials.time(site, candidate, repetitions);
    if (milliseconds >= sample / 2 || repetitions >= mostRepetitions)
      return { candidate, repetitions, milliseconds: [milliseconds / repetitions] };
    const wanted = Math.ceil((repetitions * sample) / Math.max(milliseconds, sample / 64));
    repetitions = Math.min(mostRepetitions, wanted);
  }
}

const least = ({ milliseconds }: Runner) => Math.min(...milliseconds);
