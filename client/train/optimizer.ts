import type { FlatVector } from '../gpu/flat-vector.ts';
import type { Operation, Variant } from '../gpu/operation.ts';
import type { BufferRange, ProgramBuilder } from '../gpu/program.ts';
import { flat } from '../model/operations/grid.ts';
import { alignment, type ParameterLayout } from '../model/parameters.ts';
import type { OptimizerSettings } from './training.ts';

/** The flat vectors that AdamW works on, and what it needs beside them. */
export interface OptimizerBuffers {
  readonly parameters: FlatVector;
  readonly gradient: FlatVector;
  readonly firstMoment: FlatVector;
  readonly secondMoment: FlatVector;
  /** 1 or 0 for each block of 64 elements; see `decayBlocks`. */
  readonly decays: BufferRange;
  /** (gradient norm, clipping factor). */
  readonly clipping: BufferRange;
  readonly stepValues: BufferRange;
}

/** Words in the uniform `StepValues` that every step rewrites. */
export const stepValueCount = 12;

/** Whether each block of `alignment` elements belongs to a tensor that decays; tensors begin at block borders. */
export function decayBlocks(layout: ParameterLayout): Float32Array<ArrayBuffer> {
  const blocks = new Float32Array(layout.length / alignment);
  for (const { offset, size, decay } of layout.tensors)
    if (decay) blocks.fill(1, offset / alignment, Math.ceil((offset + size) / alignment));
  return blocks;
}

/** Fills `StepValues` for AdamW's step number `step` (from 1); `lossScale` is 1 / (counted targets). */
export function writeStepValues(
  values: Float32Array<ArrayBuffer>,
  settings: OptimizerSettings,
  step: number,
  learningRate: number,
  lossScale: number,
): void {
  const { beta1, beta2, epsilon, weightDecay, gradientClip } = settings;
  values.set([lossScale, gradientClip, learningRate, weightDecay, beta1, beta2, 1 - beta1, 1 - beta2]);
  values.set([1 / (1 - beta1 ** step), 1 / (1 - beta2 ** step), epsilon], 8);
}

interface SumSquaresShape {
  readonly vectors: number;
  /** Partial sums, one an invocation. */
  readonly sums: number;
  readonly firstPartial: number;
}

/** A CPU has few lanes. */
function normVariants<Shape>(
  entry: string,
  groups: (shape: Shape, lanes: number) => number,
): [Variant<Shape>, ...Variant<Shape>[]] {
  const form = (lanes: number, suits: 'processor' | 'graphics'): Variant<Shape> => ({
    name: `${lanes} lanes`,
    shader: 'gradientNorm',
    entry,
    overrides: () => ({ lanes }),
    workgroups: (shape) => [groups(shape, lanes), 1, 1],
    fits: () => true,
    suits,
  });
  return [form(8, 'processor'), form(64, 'graphics')];
}

/** Bindings: gradient, partials. */
const sumSquares: Operation<SumSquaresShape> = {
  name: 'gradient-norm-sum-squares',
  words: ({ vectors, sums, firstPartial }) => [vectors, sums, firstPartial, 0],
  variants: normVariants('sumSquares', ({ sums }, lanes) => Math.ceil(sums / lanes)),
};

/** Bindings: stepValues, allPartials, clipping. */
const clip: Operation<{ readonly partials: number }> = {
  name: 'gradient-norm-clip',
  words: ({ partials }) => [0, 0, 0, partials],
  variants: normVariants('clip', () => 1),
};

/** Bindings: stepValues, clipping, decays, gradient, parameters, firstMoment, secondMoment. */
const adamw: Operation<{ readonly length: number; readonly offset: number }> = {
  name: 'adamw',
  words: ({ length, offset }) => [length / 4, offset / alignment],
  variants: [
    {
      name: 'flat',
      shader: 'adamw',
      entry: 'update',
      overrides: () => ({ lanes: 64 }),
      workgroups: ({ length }) => flat(length / 4, 64),
      fits: () => true,
      suits: 'any',
    },
  ],
};

/** Records the gradient's norm and AdamW's update, in parts where a vector exceeds `maxBindingBytes`. */
export function recordUpdate(
  program: ProgramBuilder,
  buffers: OptimizerBuffers,
  maxBindingBytes: number,
): void {
  const { stepValues, clipping, decays, gradient, parameters, firstMoment, secondMoment } = buffers;
  const parts = parameters.parts(maxBindingBytes, alignment).map((part) => ({
    ...part,
    vectors: part.length / 4,
    // Enough sums to fill a GPU, long enough ones to be worth an invocation.
    sums: Math.min(16_384, Math.ceil(part.length / 256)),
  }));
  const total = parts.reduce((sum, { sums }) => sum + sums, 0);
  const partials = program.activation(total);
  let firstPartial = 0;
  for (const { offset, length, vectors, sums } of parts) {
    const bindings = { gradient: gradient.range(offset, length), partials };
    program.record(sumSquares, { vectors, sums, firstPartial }, bindings);
    firstPartial += sums;
  }
  program.record(clip, { partials: total }, { stepValues, allPartials: partials, clipping });
  for (const { offset, length } of parts) {
    const inPart = { gradient, parameters, firstMoment, secondMoment };
    const ranges = Object.entries(inPart).map(([name, vector]) => [name, vector.range(offset, length)]);
    const bindings = { stepValues, clipping, decays, ...Object.fromEntries(ranges) };
    program.record(adamw, { offset, length }, bindings);
  }
}
