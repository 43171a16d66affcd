import { TapestryError } from '../../errors.ts';
import type { Scaling } from '../training.ts';

/** The fields in the order of the WGSL struct `Scaling` (gradient-norm.wgsl). */
const words = [
  ['lossScale', 'float'],
  ['goodSteps', 'integer'],
  ['firstWeight', 'float'],
  ['secondWeight', 'float'],
  ['appliedSteps', 'integer'],
  ['skippedSteps', 'integer'],
  ['stuckSteps', 'integer'],
] as const satisfies readonly (readonly [keyof Scaling, 'float' | 'integer'])[];

export const scalingWords = words.length;

/** The scaling after `step` applied updates. */
export function scalingAfter(
  step: number,
  { beta1, beta2 }: { readonly beta1: number; readonly beta2: number },
  lossScale: number,
): Scaling {
  const [firstWeight, secondWeight] = [Math.fround(1 - beta1 ** step), Math.fround(1 - beta2 ** step)];
  const counts = { goodSteps: 0, appliedSteps: step, skippedSteps: 0, stuckSteps: 0 };
  return { lossScale, firstWeight, secondWeight, ...counts };
}

export function encodeScaling(scaling: Scaling): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(words.length);
  const integers = new Uint32Array(floats.buffer);
  words.forEach(([name, kind], i) => {
    (kind === 'float' ? floats : integers)[i] = scaling[name];
  });
  return floats;
}

/** Inverse of `encodeScaling`; a count that an older version did not write is 0. */
export function decodeScaling(floats: Float32Array<ArrayBuffer>): Scaling {
  const integers = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const [lossScale = 1, , firstWeight = 0, secondWeight = 0] = floats;
  const [, goodSteps = 0, , , appliedSteps = 0, skippedSteps = 0, stuckSteps = 0] = integers;
  return { lossScale, goodSteps, firstWeight, secondWeight, appliedSteps, skippedSteps, stuckSteps };
}

/**
 * Limit on stuck steps in a row. More are not chance: even if every other batch were bad, they would occur once in a few
 * thousand steps. A step without an update changes nothing, so the next step starts from the same parameters.
 */
const stuckStepsMost = 10;

/**
 * Throws TapestryError `train.not-finite` if gradients remain not finite at the smallest loss scale, so that no step would
 * change the model.
 */
export function checkFinite({ stuckSteps }: Scaling): void {
  if (stuckSteps <= stuckStepsMost) return;
  throw new TapestryError(
    'train.not-finite',
    `The gradients of the last ${stuckSteps} steps were not finite even at the smallest loss scale: these steps did not change the model.`,
    'Resume from an earlier state with a lower learning rate. If the storage is f16, try f32 first.',
  );
}
