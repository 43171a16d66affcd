import type { RelayStatus } from '../../relay/wire/status.ts';
import { messages } from '../ui/messages.ts';

const words = messages.dashboard;

/** The base's latest sample. It is nobody's text: the relay's operator generates it from public weights. */
export function Sample({ status, openSpeech }: { status: RelayStatus; openSpeech: () => void }) {
  const { sample, speech } = status;
  return (
    <section class="panel sample" aria-labelledby="sample-heading">
      <h2 id="sample-heading">
        {words.sample} {sample !== null && <small>{words.sampleRound(sample.round)}</small>}
        {speech !== undefined && (
          <button type="button" class="button quiet" onClick={openSpeech}>
            {messages.scenes.names.speak}
          </button>
        )}
      </h2>
      {sample === null ? (
        <p class="muted">{words.noSample}</p>
      ) : (
        <p class="written" dir="auto">
          <span class="muted">{sample.prompt}</span>
          {sample.text}
        </p>
      )}
    </section>
  );
}
