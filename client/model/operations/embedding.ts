import type { Operation } from '../../gpu/operation.ts';
import { flat } from './grid.ts';

/** `width` is a multiple of 4. */
export interface EmbeddingShape {
  readonly rows: number;
  /** Number of rows of the bound part of the table; its first row belongs to `firstToken`. */
  readonly vocabulary: number;
  readonly width: number;
  readonly firstToken?: number;
  /** Backward only: adds to the table's gradient, which a tied head has already written. */
  readonly accumulate?: boolean;
}

const lanes = 64;
const words = ({ rows, vocabulary, width, accumulate = false, firstToken = 0 }: EmbeddingShape) => [
  rows,
  vocabulary,
  width / 4,
  Number(accumulate),
  firstToken,
];
const anywhere = { name: 'flat', shader: 'embedding', prefers: 'any', fits: () => true } as const;
const overrides = () => ({ lanes });

/** Bindings: tokens, table, output. Rows whose token is not in this part of the table are not written. */
export const embeddingForward: Operation<EmbeddingShape> = {
  name: 'embedding-forward',
  words,
  variants: [
    {
      ...anywhere,
      entry: 'forward',
      overrides,
      workgroups: ({ rows, width }) => flat((rows * width) / 4, lanes),
    },
  ],
};

/** Bindings: order, starts (see BatchBuffers), outputGradient, tableGradient. */
export const embeddingBackward: Operation<EmbeddingShape> = {
  name: 'embedding-backward',
  words,
  variants: [
    {
      ...anywhere,
      entry: 'backward',
      overrides,
      workgroups: ({ vocabulary, width }) => flat((vocabulary * width) / 4, lanes),
    },
  ],
};
