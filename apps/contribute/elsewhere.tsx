import { messages } from '../ui/messages.ts';
import type { Controller } from './controller.ts';

const words = messages.contribute.otherTab;

/** Says that another tab of this browser trains, and how to find it. It leaves by itself when that tab ends. */
export function Elsewhere({ session, title }: { session: Controller; title: string }) {
  return (
    <section class="panel elsewhere" aria-labelledby="elsewhere-heading">
      <h2 id="elsewhere-heading">{words.heading}</h2>
      <p>{words.why}</p>
      {title !== '' && (
        <p>
          {words.title} <strong>{title}</strong>
        </p>
      )}
      <div class="buttons">
        <button type="button" class="button primary" onClick={session.otherTab.call}>
          {words.show}
        </button>
      </div>
      <p class="help">{words.showHelp}</p>
    </section>
  );
}
