import { TapestryError } from '../errors.ts';
import type { Scaling } from './training.ts';

/** In the order of the WGSL struct `Scaling` (gradient-norm.wgsl). */
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

/** What `step` applied updates leave. */
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

/** What `encodeScaling` was given; a count that an older version did not write is 0. */
export function decodeScaling(floats: Float32Array<ArrayBuffer>): Scaling {
  const integers = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const [lossScale = 1, , firstWeight = 0, secondWeight = 0] = floats;
  const [, goodSteps = 0, , , appliedSteps = 0, skippedSteps = 0, stuckSteps = 0] = integers;
  return { lossScale, goodSteps, firstWeight, secondWeight, appliedSteps, skippedSteps, stuckSteps };
}

/**
 * More in a row are no bad luck: if every other batch were a bad one, they would come once in some thousand
 * steps. And as a step that is left out changes nothing, the next one begins where it did.
 */
const stuckStepsMost = 10;

/**
 * Throws TapestryError `train.not-finite` where gradients are not finite any more, whatever the loss scale: from here on
 * no step would change anything.
 */
export function checkFinite({ stuckSteps }: Scaling): void {
  if (stuckSteps <= stuckStepsMost) return;
  throw new TapestryError(
    'train.not-finite',
    `The gradients of the last ${stuckSteps} steps were not finite, and a smaller loss scale cannot help: none of them changed the model.`,
    'Go back to a state from before with a lower learning rate; where storage is f16, f32 may do without that.',
  );
}
