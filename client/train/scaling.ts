import type { Scaling } from './training.ts';

/** In the order of the WGSL struct `Scaling` (gradient-norm.wgsl). */
const words = [
  ['lossScale', 'float'],
  ['goodSteps', 'integer'],
  ['firstWeight', 'float'],
  ['secondWeight', 'float'],
  ['appliedSteps', 'integer'],
  ['skippedSteps', 'integer'],
] as const satisfies readonly (readonly [keyof Scaling, 'float' | 'integer'])[];

export const scalingWords = words.length;

/** What `step` applied updates leave. */
export function scalingAfter(
  step: number,
  { beta1, beta2 }: { readonly beta1: number; readonly beta2: number },
  lossScale: number,
): Scaling {
  const [firstWeight, secondWeight] = [Math.fround(1 - beta1 ** step), Math.fround(1 - beta2 ** step)];
  return { lossScale, goodSteps: 0, firstWeight, secondWeight, appliedSteps: step, skippedSteps: 0 };
}

export function encodeScaling(scaling: Scaling): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(words.length);
  const integers = new Uint32Array(floats.buffer);
  words.forEach(([name, kind], i) => {
    (kind === 'float' ? floats : integers)[i] = scaling[name];
  });
  return floats;
}

/** What `encodeScaling` was given. */
export function decodeScaling(floats: Float32Array<ArrayBuffer>): Scaling {
  const integers = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const [lossScale = 1, , firstWeight = 0, secondWeight = 0] = floats;
  const [, goodSteps = 0, , , appliedSteps = 0, skippedSteps = 0] = integers;
  return { lossScale, goodSteps, firstWeight, secondWeight, appliedSteps, skippedSteps };
}
