import { TapestryError } from '../errors.ts';

/** The WebGPU entry point that browsers and Deno provide. `next` is the error's advice if it is missing. */
export function navigatorGpu(next: string): GPU {
  // Its type is never undefined, but it is undefined without WebGPU and outside a secure context.
  const gpu: GPU | undefined = navigator.gpu;
  if (gpu === undefined) throw new TapestryError('adapter.missing', 'This runtime has no WebGPU.', next);
  return gpu;
}
