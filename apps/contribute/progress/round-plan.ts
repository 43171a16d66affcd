import type { PartReason } from '../../../client/contribute/events.ts';
import { formatDuration } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import type { WorkerEvent } from '../worker/worker-api.ts';
import { addNotice, endNotices, type Notice } from './notice-list.ts';

/** The part of the view that changes with how long rounds last for this device. */
interface TimedView {
  readonly notices: readonly Notice[];
}

const words = messages.contribute;

/** The notices after the plan of a round. A device that trains the upper layers already has its answer. */
export function withPlan({ notices }: TimedView, event: WorkerEvent & { readonly event: 'plan' }): TimedView {
  if (!event.tooShort || notices.some(({ kind }) => kind === 'part'))
    return { notices: endNotices(notices, ['too-short']) };
  const notice = {
    kind: 'too-short',
    tone: 'warn',
    text: tooShort(event),
    next: words.tooShortNext,
  } as const;
  return { notices: addNotice(notices, notice) };
}

/** The notices after the device chose what of the model it trains: the upper layers, and why; or the whole model again. */
export function withPart({ notices }: TimedView, event: WorkerEvent & { readonly event: 'part' }): TimedView {
  const before = endNotices(notices, ['too-short', 'part']);
  const { part, layers, of, why } = event;
  const said = (kind: string, text: string, next: string | null) => ({
    notices: addNotice(before, { kind, tone: 'note', text, next }),
  });
  if (part === 'whole') return said('whole-model', words.part.whole, null);
  const next = why.kind === 'memory' ? words.part.memoryNext : words.part.next;
  return said('part', `${words.part.upper(layers, of)} ${reason(why)}`.trim(), next);
}

function reason(why: PartReason): string {
  switch (why.kind) {
    case 'time':
      return words.part.time(
        formatDuration(why.lastsMilliseconds),
        formatDuration(why.trainingMilliseconds),
        formatDuration(why.uploadMilliseconds),
      );
    case 'late':
      return words.part.late;
    case 'memory':
      return words.part.memory;
    case 'trial':
      return '';
  }
}

/** Says that this device needs more time than a round lasts. */
function tooShort(times: WorkerEvent & { readonly event: 'plan' }): string {
  const { round, plannedMilliseconds, graceMilliseconds, trainingMilliseconds, uploadMilliseconds } = times;
  const lasts = formatDuration(plannedMilliseconds + graceMilliseconds);
  return words.tooShort(
    round,
    lasts,
    formatDuration(trainingMilliseconds),
    formatDuration(uploadMilliseconds),
  );
}
