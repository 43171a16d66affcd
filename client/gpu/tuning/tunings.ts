import * as v from 'valibot';
import { shaders } from '../../../shaders/index.ts';
import { fingerprint } from '../../sha256.ts';
import type { Device } from '../device.ts';
import type { RecordedSite } from '../program.ts';
import { digestOf, type Tuning } from './tuner.ts';

/** The folder of the runtime that stores tunings. */
export interface TuningStore {
  read(name: string): Promise<Uint8Array | null>;
  write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
}

const name = v.pipe(v.string(), v.maxLength(200));
const tuningSchema = v.strictObject({
  key: name,
  operation: name,
  words: v.array(v.pipe(v.number(), v.integer())),
  storage: v.picklist(['f32', 'f16']),
  candidates: name,
  guess: name,
  chosen: name,
  measurements: v.array(
    v.strictObject({
      variant: name,
      microseconds: v.nullable(v.pipe(v.number(), v.finite(), v.minValue(0))),
      refused: v.nullable(v.pipe(v.string(), v.maxLength(10_000))),
    }),
  ),
});
const fileSchema = v.strictObject({
  version: v.literal(1),
  adapter: v.string(),
  shaders: v.string(),
  tunings: v.array(tuningSchema),
});

let shadersDigest: string | undefined;

/** A fingerprint of every shader's text, bindings and overrides. */
export const shadersVersion = () => {
  shadersDigest ??= fingerprint(JSON.stringify(shaders));
  return shadersDigest;
};

/** Each adapter and driver version has its own file. */
export const tuningFile = ({ identity }: Device) => `kernels-${fingerprint(identity)}.json`;

/**
 * The stored measurements of this adapter, driver and shaders, by site key. Empty if there are none or the file is unreadable:
 * they can be measured again.
 */
export async function loadTunings(store: TuningStore, device: Device): Promise<Map<string, Tuning>> {
  const bytes = await store.read(tuningFile(device)).catch(() => null);
  const file = v.safeParse(fileSchema, bytes === null ? null : parsedJson(bytes));
  if (!file.success || file.output.adapter !== device.identity || file.output.shaders !== shadersVersion())
    return new Map();
  return new Map(file.output.tunings.map((tuning) => [tuning.key, tuning]));
}

/** Replaces the stored tunings of this adapter. Rejects with the store's error. */
export async function saveTunings(
  store: TuningStore,
  device: Device,
  tunings: ReadonlyMap<string, Tuning>,
): Promise<void> {
  const file: v.InferOutput<typeof fileSchema> = {
    version: 1,
    adapter: device.identity,
    shaders: shadersVersion(),
    tunings: [...tunings.values()].map((tuning) => ({
      ...tuning,
      words: [...tuning.words],
      measurements: [...tuning.measurements],
    })),
  };
  await store.write(tuningFile(device), new TextEncoder().encode(`${JSON.stringify(file, null, 1)}\n`));
}

/** The known tuning of a site; undefined if the site's candidates have changed since the measurement. */
export function tuningOf(known: ReadonlyMap<string, Tuning>, site: RecordedSite): Tuning | undefined {
  const tuning = known.get(site.key);
  return tuning?.candidates === digestOf(site) ? tuning : undefined;
}

/** A file's JSON; null if it is not JSON in UTF-8. */
export function parsedJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}
