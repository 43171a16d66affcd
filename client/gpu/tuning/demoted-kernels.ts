import * as v from 'valibot';
import { fingerprint } from '../../sha256.ts';
import type { Device } from '../device.ts';
import { chosen, type VariantName } from '../operation.ts';
import type { Chooser } from '../program.ts';
import { parsedJson, shadersVersion, type TuningStore } from './tunings.ts';

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
/** A kernel is demoted as its text is now: after a change of the shaders it is tried again. */
const fileSchema = v.strictObject({
  version: v.literal(1),
  adapter: v.string(),
  kernels: v.pipe(
    v.array(v.strictObject({ operation: name, variant: name, shaders: v.string() })),
    v.maxLength(1000),
  ),
});

/** Each adapter and driver version has its own file. */
const demotedFile = ({ identity }: Device) => `demoted-${fingerprint(identity)}.json`;

/** The kernels that gave wrong numbers on this adapter. None if the file is missing or unreadable: they are found again. */
export async function loadDemoted(store: TuningStore, device: Device): Promise<VariantName[]> {
  const bytes = await store.read(demotedFile(device)).catch(() => null);
  const file = v.safeParse(fileSchema, bytes === null ? null : parsedJson(bytes));
  if (!file.success || file.output.adapter !== device.identity) return [];
  return file.output.kernels
    .filter(({ shaders }) => shaders === shadersVersion())
    .map(({ operation, variant }) => ({ operation, variant }));
}

/** Adds kernels to those that this adapter no longer uses. Rejects with the store's error. */
export async function demote(
  store: TuningStore,
  device: Device,
  wrong: readonly VariantName[],
): Promise<void> {
  const before = await loadDemoted(store, device);
  const isNew = (kernel: VariantName) => !includes(before, kernel);
  const kernels = [...before, ...wrong.filter(isNew)].map(({ operation, variant }) => ({
    operation,
    variant,
    shaders: shadersVersion(),
  }));
  const file: v.InferOutput<typeof fileSchema> = { version: 1, adapter: device.identity, kernels };
  await store.write(demotedFile(device), new TextEncoder().encode(`${JSON.stringify(file, null, 1)}\n`));
}

/** Chooses as `chooser` does, but the reference variant where it chooses a demoted one. `onReplaced` is called if it does anywhere. */
export function withoutDemoted(
  device: Device,
  store: TuningStore,
  chooser: Chooser,
  onReplaced: () => void = () => undefined,
): Chooser {
  return async (sites) => {
    const [choices, demoted] = await Promise.all([chooser(sites), loadDemoted(store, device)]);
    const replaced = sites
      .filter((site) => {
        const { variant } = chosen(site, choices);
        return (
          variant !== site.candidates[0].variant && includes(demoted, { operation: site.operation, variant })
        );
      })
      .map((site) => [site.key, site.candidates[0].variant] as const);
    if (replaced.length > 0) onReplaced();
    return new Map([...choices, ...replaced]);
  };
}

function includes(kernels: readonly VariantName[], { operation, variant }: VariantName): boolean {
  return kernels.some((kernel) => kernel.operation === operation && kernel.variant === variant);
}
