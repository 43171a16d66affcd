import type { Operation } from '../../../gpu/operation.ts';
import { floatBits } from '../../../gpu/program.ts';
import { flat } from '../../operations/grid.ts';

/** A number of elements, a multiple of 4; `rate` is the share that is dropped, `stream` tells apart layers of one batch. */
export interface DropoutShape {
  readonly length: number;
  readonly rate: number;
  readonly stream: number;
}

/** Bindings: draws (1), input (length), output (length). */
export const dropout: Operation<DropoutShape> = {
  name: 'adapter-dropout',
  words: ({ length, rate, stream }) => [
    length / 4,
    stream,
    Math.floor(rate * 2 ** 32),
    floatBits(1 / (1 - rate)),
  ],
  variants: [
    {
      name: 'flat',
      shader: 'dropout',
      entry: 'drop',
      overrides: () => ({ lanes: 64 }),
      workgroups: ({ length }) => flat(length / 4, 64),
      fits: () => true,
      prefers: 'any',
    },
  ],
};
