import { TapestryError } from '../errors.ts';

/** The runtime's own WebGPU entry point: browsers and Deno. */
export function navigatorGpu(next: string): GPU {
  // Absent where the runtime has no WebGPU or the page is not a secure context, whatever the types say.
  const gpu: GPU | undefined = navigator.gpu;
  if (gpu === undefined) throw new TapestryError('adapter.missing', 'This runtime has no WebGPU.', next);
  return gpu;
}
