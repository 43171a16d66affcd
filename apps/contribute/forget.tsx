import { useSignal } from '@preact/signals';
import { messages } from '../ui/messages.ts';
import type { Controller } from './controller.ts';

const words = messages.contribute;

/** Removes everything that this page stores in the browser, after the person confirms. */
export function Forget({ session }: { session: Controller }) {
  const stage = useSignal<'rest' | 'asked' | 'done'>('rest');
  const forget = async () => {
    await session.forget();
    stage.value = 'done';
    location.reload();
  };
  return (
    <section class="forget" aria-labelledby="forget-heading">
      <h2 id="forget-heading" class="visually-hidden">
        {words.forget}
      </h2>
      <p class="help">{words.forgetHelp}</p>
      {stage.value === 'rest' && (
        <button
          type="button"
          class="button"
          disabled={session.busy.value}
          onClick={() => {
            stage.value = 'asked';
          }}
        >
          {words.forget}
        </button>
      )}
      {stage.value === 'asked' && (
        <div class="buttons">
          <button type="button" class="button" onClick={forget}>
            {words.forgetConfirm}
          </button>
          <button
            type="button"
            class="button quiet"
            onClick={() => {
              stage.value = 'rest';
            }}
          >
            {words.cancel}
          </button>
        </div>
      )}
      {stage.value === 'done' && <p role="status">{words.forgotten}</p>}
    </section>
  );
}
