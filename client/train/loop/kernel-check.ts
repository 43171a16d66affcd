import { TapestryError } from '../../errors.ts';
import { demote } from '../../gpu/tuning/demoted-kernels.ts';
import type { Files } from '../../runtime.ts';
import type { Trained } from '../known-answer/answer.ts';
import { findWrongKernels } from '../known-answer/wrong-kernels.ts';
import type { KernelEvent } from './kernel-choice.ts';
import type { TrainingLoop } from './training-loop.ts';

/** The adapter may be lost so often in a row before the check fails. */
const maxLosses = 2;

/**
 * Checks the kernels of a loop, while it runs no task, against the known answer. Wrong kernels are remembered for this adapter in
 * `cache`, and the loop is opened again with the reference kernels in their place.
 * @throws TapestryError `adapter.wrong-numbers` if the answer stays wrong, and the errors of `TrainingLoop.reopen`
 */
export async function checkKernels(
  loop: TrainingLoop,
  cache: Files,
  trained: Trained,
  tell: (event: KernelEvent) => void,
): Promise<void> {
  for (let demotions = 0, losses = 0; ; ) {
    const { device } = loop;
    try {
      const found = await findWrongKernels(device, trained, loop.trainer.kernels);
      if (found.kind === 'right') return;
      // Kernels that were demoted and still run, because the cache could not be written, would be demoted without end.
      if (found.kind === 'adapter' || demotions > 0)
        throw wrongNumbers(device.name, found.kind === 'adapter' ? found.error : null);
      await demote(cache, device, found.wrong);
      demotions++;
      const kernels = found.wrong.map(({ operation, variant }) => `${operation}, ${variant}`);
      tell({ event: 'kernels-demoted', adapter: device.name, kernels });
    } catch (error) {
      const isLost = error instanceof TapestryError && error.code === 'device.lost';
      if (!isLost || ++losses > maxLosses) throw error;
    }
    await loop.reopen();
  }
}

function wrongNumbers(adapter: string, error: number | null): TapestryError {
  const far = error === null || !Number.isFinite(error) ? '' : `, off by ${(100 * error).toPrecision(2)}%`;
  return new TapestryError(
    'adapter.wrong-numbers',
    `${adapter} gives a wrong answer to a training step whose answer is known${far}. What it computes is not sent.`,
    'Update the graphics driver or the browser, or use another adapter of this machine; "tapestry info" names the one in use.',
  );
}
