import type { FlatVector } from '../gpu/flat-vector.ts';
import type { Operation } from '../gpu/operation.ts';
import type { ProgramBuilder } from '../gpu/program.ts';
import { flat } from '../model/operations/grid.ts';
import { groupAlignment } from '../model/parameters.ts';

/** Bindings: parameters, weights. */
export const halve: Operation<{ readonly length: number }> = {
  name: 'halve',
  words: ({ length }) => [length / 4],
  variants: [
    {
      name: 'flat',
      shader: 'halve',
      entry: 'halve',
      overrides: () => ({ lanes: 64 }),
      workgroups: ({ length }) => flat(length / 4, 64),
      fits: () => true,
      suits: 'any',
    },
  ],
};

/** Records the copy of the parameters that an f16 program reads, in parts that lie in one buffer on either side. */
export function recordHalving(
  program: ProgramBuilder,
  parameters: FlatVector,
  weights: FlatVector,
  maxBindingBytes: number,
): void {
  const parts = [parameters, weights].flatMap((vector) => vector.parts(maxBindingBytes, groupAlignment));
  const borders = [...new Set(parts.map(({ offset }) => offset)), parameters.length].sort((a, b) => a - b);
  borders.slice(1).forEach((end, i) => {
    const offset = borders[i] ?? 0;
    const length = end - offset;
    const range = (vector: FlatVector) => vector.range(offset, length);
    program.record(halve, { length }, { parameters: range(parameters), weights: range(weights) });
  });
}
