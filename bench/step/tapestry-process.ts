import { serve } from './serve.ts';
import { openTapestry } from './tapestry.ts';

// Deno has WebGPU of its own. Node's is Dawn, whose loader Deno cannot import.
const gpu: GPU | undefined = navigator.gpu;
await serve(async (workload) => {
  if (gpu !== undefined) return openTapestry(gpu, workload);
  const { nodeGpu } = await import('../../client/host/node/runtime.ts');
  const { cachedKernels } = await import('../../client/host/cache.ts');
  return openTapestry(await nodeGpu(), workload, cachedKernels);
});
