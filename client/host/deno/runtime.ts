import { clock } from '../../clock.ts';
import type { Runtime } from '../../runtime.ts';
import { navigatorGpu } from '../adapter.ts';
import { diskFiles } from '../disk.ts';

/** The runtime of a Deno process. It needs permission to read and write `folder`, and no other permission. */
export function denoRuntime({ folder }: { readonly folder: string }): Runtime {
  const files = diskFiles(folder);
  return {
    kind: 'deno',
    gpu: async () => navigatorGpu('Use Deno 2.9 or later, or join with Node or a browser.'),
    files,
    // A cache folder that nodes share would need another permission.
    cache: files,
    ...clock,
    hold: (work) => work(),
  };
}
