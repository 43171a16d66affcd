import { useSignal } from '@preact/signals';
import { receiptsIn } from '../../relay/wire/evidence/receipt.ts';
import { saveFile } from '../ui/files/saving.ts';
import { messages } from '../ui/messages.ts';
import { savePicture } from '../ui/picture/save-picture.ts';
import { problemOf } from '../ui/problem.ts';
import type { Controller } from './controller.ts';
import './receipts.css';

const words = messages.contribute.receipts;

/** Saves what the relay signed for this node's contributions, and says how anyone checks it. */
export function Receipts({ session }: { session: Controller }) {
  const told = useSignal('');
  const save = async () => {
    try {
      const file = await session.receipts();
      told.value = file === null ? words.none : words.saved(file.name);
      if (file !== null) saveFile({ name: file.name, blob: new Blob([file.bytes]) });
    } catch (error) {
      const { message, next } = problemOf(error);
      told.value = `${message} ${next}`;
    }
  };
  /** The picture of the run's cloth, with the threads that the receipts prove. */
  const savePictureOfOwn = async () => {
    const status = session.feed.status.value;
    const file = await session.receipts().catch(() => null);
    if (status === null) return;
    const rounds = file === null ? [] : receiptsIn(file.bytes).map(({ round }) => round);
    const { source, corpus } = session.choice;
    const own = { corpus: source.value === 'corpus' ? corpus.value : null, rounds };
    savePicture(status, rounds.length === 0 ? null : own);
  };
  return (
    <div class="receipts">
      <button type="button" class="button" onClick={save}>
        {words.download}
      </button>{' '}
      <button type="button" class="button" onClick={savePictureOfOwn}>
        {messages.scenes.picture}
      </button>
      <p class="help">{words.help}</p>
      <p class="help">
        {words.check} <code>tapestry verify {new URL('.', location.href).href} --receipt receipts-….txt</code>
      </p>
      <p class="help" role="status">
        {told.value}
      </p>
    </div>
  );
}
