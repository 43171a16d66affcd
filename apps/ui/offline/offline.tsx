import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { messages } from '../messages.ts';
import { storePages } from './store-pages.ts';

const words = messages.offline;

/**
 * Stores the page in the browser, and says when it will open without its server. Says nothing where the browser stores none, as
 * with a certificate that it does not know.
 */
export function Offline() {
  const state = useSignal<'waiting' | 'ready' | 'never'>('waiting');
  useEffect(() => {
    void storePages().then((isStored) => {
      state.value = isStored ? 'ready' : 'never';
    });
  }, [state]);
  if (state.value === 'never') return null;
  return (
    <span class="chip" data-tone={state.value === 'ready' ? 'good' : 'idle'} role="status">
      {words[state.value]}
    </span>
  );
}
