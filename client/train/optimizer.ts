import { type BufferRange, type ProgramBuilder, whole } from '../gpu/program.ts';
import { flat } from '../model/operations.ts';
import { alignment, type ParameterLayout } from '../model/parameters.ts';
import type { OptimizerSettings } from './training.ts';

/** The flat vectors that AdamW works on, and what it needs beside them. */
export interface OptimizerBuffers {
  readonly parameters: GPUBuffer;
  readonly gradient: GPUBuffer;
  readonly firstMoment: GPUBuffer;
  readonly secondMoment: GPUBuffer;
  /** 1 or 0 for each block of 64 elements; see `decayBlocks`. */
  readonly decays: GPUBuffer;
  /** (gradient norm, clipping factor). */
  readonly clipping: GPUBuffer;
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

/** Splits a vector of `length` elements into ranges that a binding can hold; their blocks too begin at 256 bytes. */
export function shardsOf(length: number, maxBindingBytes: number): { offset: number; length: number }[] {
  const most = Math.floor(maxBindingBytes / 4 / alignment ** 2) * alignment ** 2;
  const shards = [];
  for (let offset = 0; offset < length; offset += most)
    shards.push({ offset, length: Math.min(most, length - offset) });
  return shards;
}

/** Records the gradient's norm and AdamW's update, in shards where a vector exceeds `maxBindingBytes`. */
export function recordUpdate(
  program: ProgramBuilder,
  buffers: OptimizerBuffers,
  layout: ParameterLayout,
  maxBindingBytes: number,
): void {
  const { stepValues, clipping } = buffers;
  const shards = shardsOf(layout.length, maxBindingBytes).map((shard) => ({
    ...shard,
    vectors: shard.length / 4,
    // Enough sums to fill a GPU, long enough ones to be worth an invocation.
    sums: Math.min(16_384, Math.ceil(shard.length / 256)),
  }));
  const total = shards.reduce((sum, { sums }) => sum + sums, 0);
  const partials = program.activation(total);
  const lanes = program.variants.gradientNorm['lanes'] ?? 1;
  const rangeOf = (buffer: GPUBuffer, shard: { offset: number; length: number }, each = 4) => ({
    buffer,
    offset: shard.offset * each,
    size: shard.length * each,
  });
  let firstPartial = 0;
  for (const shard of shards) {
    program.record(
      'gradientNorm',
      'sumSquares',
      { gradient: rangeOf(buffers.gradient, shard), partials },
      [shard.vectors, shard.sums, firstPartial, total],
      [Math.ceil(shard.sums / lanes), 1, 1],
    );
    firstPartial += shard.sums;
  }
  const clip = { stepValues, allPartials: partials, clipping: whole(clipping) };
  program.record('gradientNorm', 'clip', clip, [0, 0, 0, total], [1, 1, 1]);
  for (const shard of shards) {
    const { stride, workgroups } = flat(shard.vectors, program.variants.adamw['lanes'] ?? 1);
    program.record(
      'adamw',
      'update',
      {
        stepValues,
        clipping: whole(clipping),
        gradient: rangeOf(buffers.gradient, shard),
        decays: rangeOf(buffers.decays, shard, 4 / alignment),
        parameters: rangeOf(buffers.parameters, shard),
        firstMoment: rangeOf(buffers.firstMoment, shard),
        secondMoment: rangeOf(buffers.secondMoment, shard),
      },
      [shard.vectors, stride],
      workgroups,
    );
  }
}
