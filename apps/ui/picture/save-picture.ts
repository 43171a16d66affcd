import type { RelayStatus } from '../../../relay/wire/status.ts';
import { saveFile } from '../files/saving.ts';
import { messages } from '../messages.ts';
import { clothPicture, type OwnThreads } from './cloth-picture.ts';

/** Saves the picture of a run's cloth, with the threads of `own` marked. */
export function savePicture(status: RelayStatus, own: OwnThreads | null): void {
  const { totals, run } = status;
  const texts = {
    thanks: messages.scenes.thanks(totals.contributions, totals.tokens),
    own: messages.scenes.ownThreads,
  };
  const blob = new Blob([clothPicture(status, texts, own)], { type: 'image/svg+xml' });
  saveFile({ name: `tapestry-${run.id.slice(0, 16)}.svg`, blob });
}
