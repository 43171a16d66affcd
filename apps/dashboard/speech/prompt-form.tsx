import { useSignal } from '@preact/signals';
import { mostPromptCharacters, type Speech } from '../../../relay/wire/speech/speech.ts';
import { messages } from '../../ui/messages.ts';
import type { Sent, SpeechFeed } from './speech-feed.ts';

const words = messages.scenes.speech;

interface Props {
  readonly feed: SpeechFeed;
  readonly speech: Speech;
}

/** Takes a prompt of whoever watches: a text of their own, or how a text of a corpus begins. */
export function PromptForm({ feed, speech }: Props) {
  const text = useSignal('');
  const sent = useSignal<Sent | null>(null);
  const isSending = useSignal(false);
  const send = async (prompt: string, corpus: string | null) => {
    if (isSending.value) return;
    isSending.value = true;
    sent.value = await feed.send({ text: prompt, corpus });
    isSending.value = false;
    if (sent.value === 'taken') text.value = '';
  };
  return (
    <form
      class="prompt-form"
      onSubmit={(event) => {
        event.preventDefault();
        void send(text.value, null);
      }}
    >
      <label for="prompt">{words.prompt}</label>
      <input
        id="prompt"
        dir="auto"
        autocomplete="off"
        maxLength={mostPromptCharacters}
        value={text.value}
        onInput={({ currentTarget }) => {
          text.value = currentTarget.value;
        }}
      />
      <button type="submit" class="button" disabled={isSending.value || text.value.trim() === ''}>
        {words.send}
      </button>
      {speech.starts.length > 0 && (
        <select
          aria-label={words.starts}
          value=""
          onChange={({ currentTarget }) => {
            const start = speech.starts.find(({ corpus }) => corpus === currentTarget.value);
            currentTarget.value = '';
            if (start !== undefined) void send(start.text, start.corpus);
          }}
        >
          <option value="">{words.starts}</option>
          {speech.starts.map(({ corpus, text }) => (
            <option key={corpus} value={corpus}>
              {`${corpus}: ${text}`}
            </option>
          ))}
        </select>
      )}
      <p class="muted" role="status">
        {sent.value === null ? words.shown : words.sent[sent.value]}
      </p>
    </form>
  );
}
