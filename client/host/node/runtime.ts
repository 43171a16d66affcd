import { clock } from '../../clock.ts';
import { TapestryError } from '../../errors.ts';
import type { Runtime } from '../../runtime.ts';
import { cacheFiles } from '../cache.ts';
import { diskFiles } from '../disk.ts';

/**
 * A reference that keeps the object that `create` returned. Dawn aborts the process if this object is garbage-collected
 * while one of its devices is in use.
 */
let dawn: Promise<GPU> | undefined;

/** The first feature enables tensor cores, the second 16-bit floats on NVIDIA's Vulkan driver. */
const dawnFeatures = 'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia';

/** Dawn's WebGPU entry point, with the constants (`GPUBufferUsage` and so on) that browsers have as globals. */
export function nodeGpu(): Promise<GPU> {
  dawn ??= import('webgpu').then(
    ({ create, globals }) => {
      Object.assign(globalThis, globals);
      return create([dawnFeatures]);
    },
    (cause: unknown) => {
      throw new TapestryError(
        'adapter.missing',
        'The WebGPU binding for Node is not installed or does not run on this system.',
        'Run npm install in the Tapestry folder, or join with Deno or a browser.',
        { cause },
      );
    },
  );
  return dawn;
}

/** The runtime of a Node process. `folder` holds the identity, the saved state and the weights. */
export function nodeRuntime({ folder }: { readonly folder: string }): Runtime {
  return {
    kind: 'node',
    gpu: nodeGpu,
    files: diskFiles(folder),
    cache: cacheFiles(),
    ...clock,
    hold: (work) => work(),
  };
}
