import type { Precision } from '../../../shaders/shader.ts';
import { fingerprint } from '../../sha256.ts';
import type { Device } from '../device.ts';
import type { Candidate, Choices } from '../operation.ts';
import type { RecordedSite } from '../program.ts';
import { GpuTrials, type Trials, triable } from './trials.ts';

/** The result of one candidate at one site. */
export interface Measurement {
  readonly variant: string;
  /** The time of a dispatch; null if the candidate was refused. */
  readonly microseconds: number | null;
  /** Why it must not be used here: it does not compile, or its numbers differ from the reference's; null if it may be used. */
  readonly refused: string | null;
}

/** The tuning of one site: which variant runs there, and why. */
export interface Tuning {
  readonly key: string;
  readonly operation: string;
  readonly words: readonly number[];
  readonly storage: Precision;
  /** Digest of all candidates: a measurement is valid only for the same candidates. */
  readonly candidates: string;
  readonly guess: string;
  readonly chosen: string;
  readonly measurements: readonly Measurement[];
}

export interface TuneOptions {
  /** No further site is started after this many milliseconds, compilation included. */
  readonly budget?: number;
  /** The intended duration of one timing, in milliseconds; it must far exceed the overhead of waiting. */
  readonly sample?: number;
  /** Timings per candidate. The least one counts, because other work of the machine can only add to a timing. */
  readonly rounds?: number;
  readonly now?: () => number;
  readonly signal?: AbortSignal;
  readonly onTuned?: (tuning: Tuning, done: number, all: number) => void;
}

/** A candidate whose first timing exceeds the fastest one's by this factor is dropped, unless it is the guess. */
const hopeless = 2;
/** A candidate replaces the guess only if it is faster by this fraction, and in most rounds. */
const margin = 0.03;
const mostRepetitions = 4096;
/** Defaults on a processor, whose timings vary with its other work: longer timings and more of them. */
const onProcessor = { sample: 20, rounds: 9 };

/**
 * Measures on a device the sites that have a choice and fit into memory; see `measure`. Rejects with TapestryError
 * `device.lost`, or the signal's reason.
 */
export async function tune(
  device: Device,
  sites: readonly RecordedSite[],
  options: TuneOptions = {},
): Promise<Tuning[]> {
  const fitting = largestFirst(triable(device, sites));
  device.device.pushErrorScope('out-of-memory');
  const trials = new GpuTrials(device, fitting);
  try {
    // If the model leaves no memory for measuring, kernels are guessed.
    if ((await device.device.popErrorScope()) !== null) return [];
    return await measure(fitting, trials, { ...(device.software ? onProcessor : {}), ...options });
  } finally {
    trials.close();
  }
}

/**
 * Chooses a variant for each site that has several: the fastest one whose numbers agree with the reference, if it is clearly
 * faster than the guess. Sites are measured largest first, so that a budget is spent where most time is. Sites beyond the
 * budget are not in the result.
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
  return fingerprint(JSON.stringify(candidates));
}

function hasChoice({ candidates }: RecordedSite): boolean {
  return candidates.length > 1;
}

function largestFirst(sites: readonly RecordedSite[]): RecordedSite[] {
  return sites.toSorted((a, b) => bytesOf(b) - bytesOf(a));
}

const bytesOf = ({ bytes }: RecordedSite) => Object.values(bytes).reduce((sum, size) => sum + size, 0);

/** A candidate that may be used, and its timings so far. */
interface Runner {
  readonly candidate: Candidate;
  readonly repetitions: number;
  /** The time of a dispatch: the first timing, then one of each round. */
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
  // Candidates take turns, so that a temporary slowdown of the machine affects all of them alike.
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

/** The fastest runner, unless the guess is nearly as fast; the guess if there is no runner. */
function pick(runners: readonly Runner[], guess: string): string {
  const [fastest] = runners.toSorted((a, b) => least(a) - least(b));
  const guessed = runners.find(({ candidate }) => candidate.variant === guess);
  if (fastest === undefined) return guess;
  if (guessed === undefined) return fastest.candidate.variant;
  const wins = fastest.milliseconds.filter((time, round) => time < (guessed.milliseconds[round] ?? 0)).length;
  const clearly = least(fastest) < least(guessed) * (1 - margin) && wins > fastest.milliseconds.length / 2;
  return clearly ? fastest.candidate.variant : guess;
}

/** Finds how many repetitions make a timing long enough. The last timing counts as the candidate's first. */
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
