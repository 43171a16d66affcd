import type { Device } from '../../client/gpu/device.ts';
import type { RecordedSite } from '../../client/gpu/program.ts';
import { digestOf, type Tuning } from '../../client/gpu/tuning/tuner.ts';
import { saveTunings, type TuningStore } from '../../client/gpu/tuning/tunings.ts';
import type { Files } from '../../client/runtime.ts';

/** A folder in memory, with these files. */
export function memoryFiles(files = new Map<string, Uint8Array<ArrayBuffer>>()): Files {
  return {
    read: async (name) => files.get(name)?.slice() ?? null,
    write: async (name, bytes) => {
      files.set(name, bytes.slice());
    },
    remove: async (name) => {
      files.delete(name);
    },
  };
}

/** A store after a tuning that chose the last variants of the norms, which sum in another order. */
export async function tuneNorms(
  store: TuningStore,
  device: Device,
  sites: readonly RecordedSite[],
): Promise<void> {
  const tunings = sites.map((site): Tuning => {
    const { key, operation, words, storage, candidates } = site;
    const guess = site.guess.variant;
    const chosen = operation.includes('norm') ? (candidates.at(-1)?.variant ?? guess) : guess;
    const measurements = [{ variant: chosen, microseconds: 1, refused: null }];
    return { key, operation, words, storage, candidates: digestOf(site), guess, chosen, measurements };
  });
  await saveTunings(store, device, new Map(tunings.map((tuning) => [tuning.key, tuning])));
}
