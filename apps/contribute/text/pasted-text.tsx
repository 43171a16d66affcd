import { messages } from '../../ui/messages.ts';
import type { Choice } from './choice.ts';

const words = messages.contribute;

/** A text that the person pastes or types. */
export function PastedText({ choice: { pasted, lostPaste } }: { choice: Choice }) {
  return (
    <>
      <label for="pasted">{words.pastedLabel}</label>
      <textarea
        id="pasted"
        rows={2}
        dir="auto"
        aria-describedby="pasted-help"
        value={pasted.value}
        onInput={(event) => {
          pasted.value = event.currentTarget.value;
          lostPaste.value = false;
        }}
      />
      <p class="help" id="pasted-help">
        {lostPaste.value && <strong>{words.pastedLost} </strong>}
        {words.pastedHelp}
      </p>
    </>
  );
}
