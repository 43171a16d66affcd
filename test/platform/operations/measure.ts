import type { Device } from '../../../client/gpu/device.ts';
import type { Storage } from '../../../client/gpu/operation.ts';
import { ProgramBuilder } from '../../../client/gpu/program.ts';
import { Draw } from './draw.ts';
import { decoded, errorOf } from './encoding.ts';
import { specifications, tolerances } from './index.ts';
import { runCases } from './run.ts';

/** How one binding that one variant wrote compares with float64. */
export interface Measured {
  readonly operation: string;
  readonly variant: string;
  readonly storage: Storage;
  readonly shape: string;
  readonly binding: string;
  /** Length of the difference over the length of what is expected; beyond all where another value was overwritten. */
  readonly error: number;
  readonly tolerance: number;
  /** Whether a second run gave the same bits. */
  readonly repeats: boolean;
}

/** Every operation by every variant that fits the device, with each storage that the device has. */
export async function measureOperations(device: Device, seed: number): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const storage of device.f16 ? (['f32', 'f16'] as const) : (['f32'] as const)) {
    const draw = new Draw(seed, storage);
    const tests = specifications
      .filter(({ storages }) => storages.includes(storage))
      .flatMap(({ accuracy, cases }) =>
        cases(draw).map((one) => {
          const { key, candidates } = one.site(device, storage);
          return { ...one, accuracy, key, variants: candidates.map(({ variant }) => variant) };
        }),
      );
    const most = Math.max(...tests.map(({ variants }) => variants.length));
    for (let nth = 0; nth < most; nth++) {
      const choices = new Map<string, string>();
      const chosen = tests.flatMap((test) => {
        const variant = test.variants[nth];
        if (variant === undefined) return [];
        choices.set(test.key, variant);
        return [{ ...test, variant }];
      });
      const results = await runCases(device, new ProgramBuilder(device, { storage, choices }), chosen);
      chosen.forEach(({ operation, variant, shape, given, expected, least, accuracy }, i) => {
        for (const [binding, wanted] of Object.entries(expected)) {
          const before = given[binding];
          const result = results[i]?.get(binding);
          if (!before || !result) throw new Error(`${operation} has no binding ${binding}`);
          const { encoding, values } = before;
          const tolerance = tolerances[accuracy][encoding === 'stored' ? storage : 'f32'];
          const { bytes, within, repeats } = result;
          const error = within
            ? errorOf(decoded(bytes, encoding, storage), wanted, values, least)
            : Number.MAX_VALUE;
          measured.push({ operation, variant, storage, shape, binding, error, tolerance, repeats });
        }
      });
    }
  }
  return measured;
}
