import { formatDuration } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import type { WorkerEvent } from '../worker/worker-api.ts';

/** Says that this device needs more time than a round lasts. */
export function tooShort(times: WorkerEvent & { readonly event: 'plan' }): string {
  const { round, plannedMilliseconds, graceMilliseconds, trainingMilliseconds, uploadMilliseconds } = times;
  const lasts = formatDuration(plannedMilliseconds + graceMilliseconds);
  return messages.contribute.tooShort(
    round,
    lasts,
    formatDuration(trainingMilliseconds),
    formatDuration(uploadMilliseconds),
  );
}
