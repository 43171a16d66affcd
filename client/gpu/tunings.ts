import * as v from 'valibot';
import { shaders } from '../../shaders/index.ts';
import type { Device } from './device.ts';
import { digest } from './digest.ts';
import type { RecordedSite } from './program.ts';
import { digestOf, type Tuning } from './tuner.ts';

/** Where tunings are kept: a folder of the runtime's. */
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

/** The engine's version: that of every shader's text, bindings and overrides. */
const shadersVersion = () => {
  shadersDigest ??= digest(JSON.stringify(shaders));
  return shadersDigest;
};

/** Each adapter, with its driver's version, has a file of its own. */
export const tuningFile = ({ identity }: Device) => `kernels-${digest(identity)}.json`;

/**
 * What was measured on this adapter, by its driver and with these shaders, by site key. Nothing where that was never, and
 * nothing of a file that cannot be read: what is not known can be measured again.
 */
export async function loadTunings(store: TuningStore, device: Device): Promise<Map<string, Tuning>> {
  const bytes = await store.read(tuningFile(device)).catch(() => null);
  const file = v.safeParse(fileSchema, bytes === null ? null : parsed(bytes));
  if (!file.success || file.output.adapter !== device.identity || file.output.shaders !== shadersVersion())
    return new Map();
  return new Map(file.output.tunings.map((tuning) => [tuning.key, tuning]));
}

/** Keeps tunings in place of all that is kept of this adapter. Rejects with what the store rejects with. */
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

/** What is known of a site; undefined where its candidates are no longer those that were measured. */
export function tuningOf(known: ReadonlyMap<string, Tuning>, site: RecordedSite): Tuning | undefined {
  const tuning = known.get(site.key);
  return tuning?.candidates === digestOf(site) ? tuning : undefined;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}
