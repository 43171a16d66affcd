import { useSignal } from '@preact/signals';
import { messages } from '../ui/messages.ts';
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
      if (file !== null) saveFile(file.name, file.bytes);
    } catch (error) {
      const { message, next } = problemOf(error);
      told.value = `${message} ${next}`;
    }
  };
  return (
    <div class="receipts">
      <button type="button" class="button" onClick={save}>
        {words.download}
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

/** Saves bytes as a file in the folder of the browser's downloads. */
function saveFile(name: string, bytes: Uint8Array<ArrayBuffer>): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
  link.download = name;
  link.click();
  // A browser may read the address after `click` returns.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
