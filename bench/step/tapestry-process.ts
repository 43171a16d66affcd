import { serve } from './serve.ts';
import { openTapestry } from './tapestry.ts';

// Deno has WebGPU of its own. Node's is Dawn, whose loader Deno cannot import.
const gpu: GPU | undefined = navigator.gpu;
await serve(async (workload) =>
  openTapestry(gpu ?? (await (await import('../../client/host/node.ts')).nodeGpu()), workload),
);
