import type { Device } from '../../gpu/device.ts';
import { operationOf, type VariantName } from '../../gpu/operation.ts';
import type { Chooser } from '../../gpu/program.ts';
import type { KernelRecord } from '../../gpu/tuning/kernel-record.ts';
import { answerError, answerTolerance, type Trained } from './answer.ts';

/** The kernels among those of a run that give wrong numbers. `adapter`: the reference kernels do so too. */
export type Finding =
  | { readonly kind: 'right' }
  | { readonly kind: 'kernels'; readonly wrong: readonly VariantName[] }
  | { readonly kind: 'adapter'; readonly error: number };

/** For each operation, variants that run there one after the other. */
type Variants = ReadonlyMap<string, readonly string[]>;

/**
 * Checks the kernels of a run against the known answer, and finds the wrong ones. A run may have several variants of an
 * operation for different shapes: each gives an answer.
 */
export async function findWrongKernels(
  device: Device,
  trained: Trained,
  { kernels }: KernelRecord,
): Promise<Finding> {
  const variants = variantsOf(kernels);
  const isRight = async (choices: Chooser) =>
    (await answerError(device, trained, choices)) <= answerTolerance[trained.storage];
  const answers = Math.max(1, ...[...variants.values()].map((names) => names.length));
  let right = true;
  for (let turn = 0; turn < answers && right; turn++) right = await isRight(taking(variants, turn));
  if (right) return { kind: 'right' };

  const error = await answerError(device, trained, taking(new Map(), 0));
  if (error > answerTolerance[trained.storage]) return { kind: 'adapter', error };
  const used = [...variants].flatMap(([operation, names]) =>
    names.map((variant): VariantName => ({ operation, variant })),
  );
  const wrong: VariantName[] = [];
  for (const kernel of used) {
    if (!(await isRight(taking(new Map([[kernel.operation, [kernel.variant]]]), 0)))) wrong.push(kernel);
  }
  // Right alone and wrong together: none can be trusted.
  return { kind: 'kernels', wrong: wrong.length > 0 ? wrong : used };
}

function variantsOf(kernels: KernelRecord['kernels']): Variants {
  const variants = new Map<string, string[]>();
  for (const [key, { variant }] of Object.entries(kernels)) {
    const names = variants.get(operationOf(key)) ?? [];
    if (!names.includes(variant)) names.push(variant);
    variants.set(operationOf(key), names);
  }
  return variants;
}

/** Chooses each operation's variant of this turn, and the reference where it has none or it does not fit. */
function taking(variants: Variants, turn: number): Chooser {
  return async (sites) =>
    new Map(
      sites.map(({ key, operation, candidates: [reference, ...others] }) => {
        const names = variants.get(operation) ?? [];
        const name = names[turn % names.length];
        const taken = others.find(({ variant }) => variant === name) ?? reference;
        return [key, taken.variant] as const;
      }),
    );
}
