import type { Operation } from '../../gpu/operation.ts';
import { flat } from '../operations/grid.ts';

/** Bindings: quantized (length / 4 words), scales (length / 64 words), weights (length). The length is a multiple of 64. */
export const dequantize: Operation<{ readonly length: number }> = {
  name: 'dequantize',
  words: ({ length }) => [length / 4],
  variants: [
    {
      name: 'flat',
      shader: 'dequantize',
      entry: 'dequantize',
      overrides: () => ({ lanes: 64 }),
      workgroups: ({ length }) => flat(length / 4, 64),
      fits: () => true,
      prefers: 'any',
    },
  ],
};
