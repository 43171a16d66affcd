import type { ShaderName } from '../../shaders/index.ts';
import { TapestryError } from '../errors.ts';
import type { Device } from './device.ts';
import type { Chooser, RecordedSite } from './program.ts';
import { triable } from './trials.ts';
import { choicesOf, digestOf, type TuneOptions, type Tuning, tune } from './tuner.ts';
import { loadTunings, saveTunings, type TuningStore, tuningOf } from './tunings.ts';

/** A node's first start may take this much longer, in milliseconds. */
const startBudget = 3000;

/** What was measured just now. */
export interface Measured {
  readonly sites: number;
  /** Sites that keep their guess, most often because no time was left, until someone asks for more. */
  readonly left: number;
  readonly milliseconds: number;
}

export interface MeasuredKernelsOptions {
  readonly signal?: AbortSignal;
  readonly onMeasured?: (measured: Measured) => void;
}

/**
 * Chooses kernels by what was measured on this adapter. What was not is measured now, once, on graphics cards; on a
 * software adapter, where compiling takes seconds, it is guessed unless someone has asked for it to be measured
 * (`tapestry bench tune`). Whatever is chosen is remembered: another start chooses the same, or its bits would differ.
 */
export function measuredKernels(
  device: Device,
  store: TuningStore,
  { signal, onMeasured }: MeasuredKernelsOptions = {},
): Chooser {
  return async (sites) => {
    const known = await loadTunings(store, device);
    const unknown = triable(device, sites).filter((site) => tuningOf(known, site) === undefined);
    if (unknown.length > 0 && !device.software) {
      const startedAt = performance.now();
      const options = { budget: startBudget, ...(signal === undefined ? {} : { signal }) };
      const tunings = await measureAndKeep(device, store, known, unknown, options);
      for (const tuning of tunings) known.set(tuning.key, tuning);
      const left = tunings.filter((tuning) => !isMeasured(tuning)).length;
      onMeasured?.({ sites: tunings.length - left, left, milliseconds: performance.now() - startedAt });
    }
    return choicesOf(sites.flatMap((site) => tuningOf(known, site) ?? []));
  };
}

/** Whether a tuning rests on a measurement, and not on there having been none. */
export function isMeasured({ measurements }: Tuning): boolean {
  return measurements.some(({ microseconds }) => microseconds !== null);
}

/**
 * Measures sites, and keeps what comes out beside what is known already. Sites for which no time or memory is left are
 * given their guess, unless its shader was refused at a site that was measured. Rejects as `tune`.
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
    // What cannot be kept is measured again the next time.
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
    // A kernel that kills the device would do so at every start.
    if (error instanceof TapestryError && error.code === 'device.lost')
      await keep(sites.map((site) => guessed(site, 'the device was lost while kernels were measured')));
    throw error;
  }
}

/** Shaders that did not compile on this adapter, or gave other numbers than the reference, at a site at least. */
function refusedShaders(sites: readonly RecordedSite[], tunings: readonly Tuning[]): Set<ShaderName> {
  const bySite = new Map(sites.map(({ key, candidates }) => [key, candidates]));
  const refused = tunings.flatMap(({ key, measurements }) => {
    const variants = new Set(measurements.flatMap((one) => (one.refused === null ? [] : [one.variant])));
    return bySite.get(key)?.filter(({ variant }) => variants.has(variant)) ?? [];
  });
  return new Set(refused.map(({ shader }) => shader));
}

/** A site that keeps its guess, and why; or the last of the candidates by another shader than those `distrusted`. */
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
