import type { ShaderName } from '../../../shaders/index.ts';
import { TapestryError } from '../../errors.ts';
import type { Device } from '../device.ts';
import type { Chooser, RecordedSite } from '../program.ts';
import { triable } from './trials.ts';
import { choicesOf, digestOf, type TuneOptions, type Tuning, tune } from './tuner.ts';
import { loadTunings, saveTunings, type TuningStore, tuningOf } from './tunings.ts';

/** Measuring may delay a node's first start by this much, in milliseconds. */
const startBudget = 3000;

/** The result of a measurement. */
export interface Measured {
  readonly sites: number;
  /** Number of sites that keep their guess until `tapestry bench tune` is run, usually because no time was left. */
  readonly left: number;
  readonly milliseconds: number;
}

export interface MeasuredKernelsOptions {
  readonly signal?: AbortSignal;
  /** The longest time to measure, in milliseconds; by default `startBudget`. */
  readonly budget?: number;
  readonly onMeasured?: (measured: Measured) => void;
}

/**
 * Chooses kernels by the measurements of this adapter. On graphics cards, sites that were never measured are measured now,
 * once. On a software adapter, where compiling takes seconds, their kernels are guessed until `tapestry bench tune` measures
 * them. Every choice is stored, so that the next start chooses the same kernels and gives the same bits.
 */
export function measuredKernels(
  device: Device,
  store: TuningStore,
  { signal, budget = startBudget, onMeasured }: MeasuredKernelsOptions = {},
): Chooser {
  return async (sites) => {
    const known = await loadTunings(store, device);
    const unknown = triable(device, sites).filter((site) => tuningOf(known, site) === undefined);
    if (unknown.length > 0 && !device.software) {
      const startedAt = performance.now();
      const options = { budget, ...(signal === undefined ? {} : { signal }) };
      const tunings = await measureAndKeep(device, store, known, unknown, options);
      for (const tuning of tunings) known.set(tuning.key, tuning);
      const left = tunings.filter((tuning) => !isMeasured(tuning)).length;
      onMeasured?.({ sites: tunings.length - left, left, milliseconds: performance.now() - startedAt });
    }
    return choicesOf(sites.flatMap((site) => tuningOf(known, site) ?? []));
  };
}

/** True if a tuning was measured, and not guessed for lack of a measurement. */
export function isMeasured({ measurements }: Tuning): boolean {
  return measurements.some(({ microseconds }) => microseconds !== null);
}

/**
 * Measures sites, and stores the results together with the known ones. Sites for which no time or memory is left keep their
 * guess, unless its shader was refused at a measured site. Rejects with the errors of `tune`.
 */
export async function measureAndKeep(
  device: Device,
  store: TuningStore,
  known: ReadonlyMap<string, Tuning>,
  sites: readonly RecordedSite[],
  options: TuneOptions,
): Promise<Tuning[]> {
  const keep = async (tunings: readonly Tuning[]) => {
    const all = new Map([...known, ...tunings.map((tuning) => [tuning.key, tuning] as const)]);
    // If the result cannot be stored, it is measured again at the next start.
    await saveTunings(store, device, all).catch(() => undefined);
  };
  try {
    const measured = await tune(device, sites, options);
    const done = new Set(measured.map(({ key }) => key));
    const left = sites.filter(({ key }) => !done.has(key));
    const refused = refusedShaders(sites, measured);
    const tunings = [
      ...measured,
      ...left.map((site) => guessed(site, 'no time or memory was left to measure it', refused)),
    ];
    await keep(tunings);
    return tunings;
  } catch (error) {
    // A kernel that loses the device would lose it again at every start: remember the guesses.
    if (error instanceof TapestryError && error.code === 'device.lost')
      await keep(sites.map((site) => guessed(site, 'the device was lost while kernels were measured')));
    throw error;
  }
}

/** Shaders that did not compile on this adapter, or gave other numbers than the reference, at any site. */
function refusedShaders(sites: readonly RecordedSite[], tunings: readonly Tuning[]): Set<ShaderName> {
  const bySite = new Map(sites.map(({ key, candidates }) => [key, candidates]));
  const refused = tunings.flatMap(({ key, measurements }) => {
    const variants = new Set(measurements.flatMap((one) => (one.refused === null ? [] : [one.variant])));
    return bySite.get(key)?.filter(({ variant }) => variants.has(variant)) ?? [];
  });
  return new Set(refused.map(({ shader }) => shader));
}

/** A tuning without measurement: the guess or, if its shader is `distrusted`, the last candidate of another shader. */
function guessed(site: RecordedSite, why: string, distrusted: ReadonlySet<ShaderName> = new Set()): Tuning {
  const { key, operation, words, storage, candidates, guess } = site;
  const measurements = candidates.map(({ variant }) => ({ variant, microseconds: null, refused: why }));
  const trusted = candidates.findLast(({ shader }) => !distrusted.has(shader)) ?? candidates[0];
  const chosen = (distrusted.has(guess.shader) ? trusted : guess).variant;
  return {
    key,
    operation,
    words,
    storage,
    candidates: digestOf(site),
    guess: guess.variant,
    chosen,
    measurements,
  };
}
