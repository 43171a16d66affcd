import type { Operation } from '../../gpu/operation.ts';
import { floatBits } from '../../gpu/program.ts';
import { flat } from '../../model/operations/grid.ts';

interface CompensateShape {
  /** Of the part, in vec4. */
  readonly vectors: number;
  /** Number of partial sums of the part; each invocation computes one. */
  readonly sums: number;
  readonly firstPartial: number;
  readonly decay: number;
}

/** Error feedback: residual = (base - parameters) + decay x residual. Bindings: base, parameters, residual, partials. */
export const compensate: Operation<CompensateShape> = {
  name: 'delta-compensate',
  words: ({ vectors, sums, firstPartial, decay }) => [vectors, sums, firstPartial, 0, floatBits(decay)],
  variants: [
    {
      name: 'strided',
      shader: 'compensate',
      entry: 'compensate',
      overrides: () => ({ lanes: 64 }),
      workgroups: ({ sums }) => [Math.ceil(sums / 64), 1, 1],
      fits: () => true,
      prefers: 'any',
    },
  ],
};

/** The chunks of a part of a vector, which begins with a chunk. */
export interface ChunksShape {
  /** Of the part. */
  readonly values: number;
  /** Values of a chunk, and how many are chosen of it; see `Choice`. */
  readonly chunk: number;
  readonly top: number;
  /** The number of the part's first chunk. */
  readonly firstChunk: number;
}

const chunksOf = ({ values, chunk }: ChunksShape) => Math.ceil(values / chunk);

const wordsOf = (shape: ChunksShape) => {
  const { values, chunk, top, firstChunk } = shape;
  return [values, chunk, top, chunksOf(shape), firstChunk];
};

/** Chooses the values of greatest magnitude of each chunk. Bindings: values, places, chosen. */
export const choose: Operation<ChunksShape> = {
  name: 'delta-choose',
  words: wordsOf,
  variants: [
    {
      name: 'an invocation a chunk',
      shader: 'chooseAlone',
      entry: 'chooseAlone',
      overrides: () => ({ lanes: 8 }),
      workgroups: (shape) => flat(chunksOf(shape), 8),
      fits: () => true,
      prefers: 'processor',
    },
    {
      name: 'a workgroup a chunk',
      shader: 'chooseTogether',
      entry: 'chooseTogether',
      overrides: () => ({}),
      workgroups: (shape) => flat(chunksOf(shape), 1),
      fits: ({ workgroupInvocations }) => workgroupInvocations >= 256,
      prefers: 'graphics',
    },
  ],
};

/** Takes from each chosen value what was sent of it. Bindings: places, sent, residual. */
export const leave: Operation<ChunksShape> = {
  name: 'delta-leave',
  words: wordsOf,
  variants: [
    {
      name: 'flat',
      shader: 'leave',
      entry: 'leave',
      overrides: () => ({ lanes: 64 }),
      workgroups: (shape) => flat(chunksOf(shape) * shape.top, 64),
      fits: () => true,
      prefers: 'any',
    },
  ],
};
