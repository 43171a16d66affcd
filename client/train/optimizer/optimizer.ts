import type { FlatVector, Part } from '../../gpu/flat-vector.ts';
import type { Operation } from '../../gpu/operation.ts';
import type { BufferRange, ProgramBuilder } from '../../gpu/program.ts';
import { flat } from '../../model/operations/grid.ts';
import { alignment, groupAlignment, type ParameterLayout } from '../../model/parameters.ts';
import type { OptimizerSettings } from '../training.ts';
import { recordGradientNorm } from './gradient-norm.ts';
import { isHiddenMatrix, recordMuon } from './muon.ts';

/** The flat vectors and other buffers of the optimizer. */
export interface OptimizerBuffers {
  readonly parameters: FlatVector;
  readonly gradient: FlatVector;
  readonly firstMoment: FlatVector;
  readonly secondMoment: FlatVector;
  /** One rule for each block of 64 elements; see `blockRules`. */
  readonly rules: BufferRange;
  /** Values derived from a step's gradient norm, in `clippingWords` words; see gradient-norm.wgsl. */
  readonly clipping: BufferRange;
  /** The state of loss scaling, carried from step to step; see loss-scaling.ts. */
  readonly scaling: BufferRange;
  readonly stepValues: BufferRange;
}

export const clippingWords = 6;

/** The factor by which the gradient of the last step is scaled; 1 before the first step. */
export function lossScaleOfClipping(clipping: Float32Array): number {
  return clipping[5] || 1;
}

/** Words in the uniform `StepValues`, which every step writes. */
export const stepValueCount = 12;

/** Fills `StepValues`, in the order of update.wgsl. */
export function writeStepValues(
  values: Float32Array<ArrayBuffer>,
  settings: OptimizerSettings,
  learningRate: number,
): void {
  const { beta1, beta2, epsilon, weightDecay, gradientClip, muon } = settings;
  values.set([gradientClip, learningRate, weightDecay, beta1, beta2, 1 - beta1, 1 - beta2]);
  values.set([epsilon, muon?.momentum ?? 0], 7);
}

/** AdamW's rules for a block of `alignment` elements, in the order of adamw.wgsl's constants. */
const rules = ['does not decay', 'decays', 'is left alone'] as const;

/** The rule of each block; tensors begin at block borders. AdamW updates the gaps between tensors, whose gradient is zero. */
export function blockRules(layout: ParameterLayout, settings: OptimizerSettings): Uint32Array<ArrayBuffer> {
  const blocks = new Uint32Array(layout.length / alignment);
  for (const tensor of layout.tensors) {
    const { offset, size, decay } = tensor;
    const rule =
      settings.muon && isHiddenMatrix(tensor) ? 'is left alone' : decay ? 'decays' : 'does not decay';
    blocks.fill(rules.indexOf(rule), offset / alignment, Math.ceil((offset + size) / alignment));
  }
  return blocks;
}

/** Bindings: stepValues, clipping, rules, gradient, parameters, firstMoment, secondMoment. */
export const adamw: Operation<Part> = {
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
      prefers: 'any',
    },
  ],
};

export interface UpdateOptions {
  readonly layout: ParameterLayout;
  readonly settings: OptimizerSettings;
  /** Number of finite gradients in a row that doubles the loss scale; 0 to keep the scale. */
  readonly growthInterval: number;
  readonly maxBindingBytes: number;
}

/** Records the gradient's norm and the update, in parts if a vector exceeds `maxBindingBytes`. */
export function recordUpdate(
  program: ProgramBuilder,
  buffers: OptimizerBuffers,
  { layout, settings, growthInterval, maxBindingBytes }: UpdateOptions,
): void {
  const { rules, gradient, parameters, firstMoment, secondMoment } = buffers;
  const { stepValues, clipping, scaling } = buffers;
  const parts = parameters.parts(maxBindingBytes, groupAlignment);
  recordGradientNorm(program, gradient, parts, { stepValues, clipping, scaling }, growthInterval);
  for (const { offset, length } of parts) {
    const range = (vector: FlatVector) => vector.range(offset, length);
    program.record(
      adamw,
      { offset, length },
      {
        stepValues,
        clipping,
        rules,
        gradient: range(gradient),
        parameters: range(parameters),
        firstMoment: range(firstMoment),
        secondMoment: range(secondMoment),
      },
    );
  }
  if (settings.muon) recordMuon(program, buffers, layout.tensors, maxBindingBytes);
}
