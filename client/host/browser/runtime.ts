import { clock } from '../../clock.ts';
import { TapestryError } from '../../errors.ts';
import type { Runtime } from '../../runtime.ts';
import { navigatorGpu } from '../adapter.ts';
import { originFolder } from './origin-folder.ts';

/** What a page does with its runtime: its folder of files, and its work as an error names it. Two pages of one work exclude each other. */
export interface Purpose {
  readonly folder: string;
  readonly work: string;
}

/** The purpose of the page that contributes to a run. */
export const contributing: Purpose = { folder: 'tapestry', work: 'contributing' };

/** The runtime of a browser tab, created in the dedicated Worker that owns the GPU and the text. */
export function browserRuntime({ folder, work }: Purpose = contributing): Runtime {
  const files = originFolder(folder);
  return {
    kind: 'browser',
    gpu: async () =>
      navigatorGpu(
        'Use a current Chrome, Edge, Firefox or Safari, and open the page by https or from localhost. Browsers offer WebGPU to no other page.',
      ),
    files,
    cache: files,
    ...clock,
    hold: (task) => exclusively(work, task),
  };
}

/** Removes all files that the pages of a purpose stored, and nothing else of the origin. */
export function forgetFiles({ folder }: Purpose = contributing): Promise<void> {
  return originFolder().remove(folder);
}

/** Name of the Web Lock that a tab holds while it does the work. */
export function lockName({ work }: Pick<Purpose, 'work'>): string {
  return `tapestry ${work}`;
}

/** Runs `task` under a Web Lock, which exempts the tab from freezing and prevents two tabs from running as one node. */
function exclusively<T>(work: string, task: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(lockName({ work }), { ifAvailable: true }, async (lock) => {
        if (lock === null) {
          throw new TapestryError(
            'host.in-use',
            `Another tab of this browser is already ${work}.`,
            'Use that tab, or close it and start again here.',
          );
        }
        resolve(await task());
      })
      .catch(reject);
  });
}
