import type { Device } from '../../../client/gpu/device.ts';
import type { Candidate, Site } from '../../../client/gpu/operation.ts';
import { ProgramBuilder } from '../../../client/gpu/program.ts';
import type { Precision } from '../../../shaders/shader.ts';
import { Draw } from './draw.ts';
import { decoded, errorOf } from './encoding.ts';
import { type Specification, specifications, tolerances } from './index.ts';
import { runCases } from './run.ts';

/** The comparison with float64 of one binding that one variant wrote. */
export interface Measured {
  readonly operation: string;
  readonly variant: string;
  readonly storage: Precision;
  readonly shape: string;
  readonly binding: string;
  /** Length of the difference over the length of what is expected; beyond all where another value was overwritten. */
  readonly error: number;
  readonly tolerance: number;
  /** Whether a second run gave the same bits. */
  readonly repeats: boolean;
}

/**
 * Which variants run of those that fit. Variants of one entry point differ in constants like the size of a tile, and a
 * software driver needs seconds to compile a large tile.
 *
 * - 'every variant': each, but one that several operations share (a product's forward and backward parts) runs for one of
 *   them only, if it is not the first of its entry point. They take turns.
 * - 'every entry point': of the variants that share an entry point the first that fits a case.
 * - 'default variant': the one that is chosen without a measurement.
 */
export type Coverage = 'every variant' | 'every entry point' | 'default variant';

/** The variants of a case to run. */
function covered(
  { operation }: Specification,
  { candidates, guess }: Site,
  coverage: Coverage,
): readonly Candidate[] {
  if (coverage === 'default variant') return [guess];
  const entryOf = ({ shader, entry }: Candidate) => `${shader}.${entry}`;
  return candidates.filter((one, i) => {
    const first = candidates.findIndex((other) => entryOf(other) === entryOf(one));
    if (first === i) return true;
    if (coverage === 'every entry point') return false;
    const sharing = specifications.filter((other) =>
      other.operation.variants.some(({ shader, name }) => shader === one.shader && name === one.variant),
    );
    const own = operation.variants.filter(({ shader }) => shader === one.shader);
    const turn = own.findIndex(({ name }) => name === one.variant) % sharing.length;
    return sharing[turn]?.operation === operation;
  });
}

/** Every operation by the variants of `coverage`, with each storage that the device has. */
export async function measureOperations(
  device: Device,
  seed: number,
  coverage: Coverage,
): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const storage of device.f16 ? (['f32', 'f16'] as const) : (['f32'] as const)) {
    const draw = new Draw(seed, storage);
    const tests = specifications
      .filter(({ storages }) => storages.includes(storage))
      .flatMap((specification) =>
        specification.cases(draw).map((one) => {
          const site = one.site(device, storage);
          const variants = covered(specification, site, coverage).map(({ variant }) => variant);
          return { ...one, accuracy: specification.accuracy, key: site.key, variants };
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
