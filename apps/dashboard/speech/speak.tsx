import type { RelayStatus } from '../../../relay/wire/status.ts';
import { messages } from '../../ui/messages.ts';
import './speech.css';
import type { SpeechFeed } from './speech-feed.ts';

const words = messages.scenes.speech;

interface Props {
  readonly status: RelayStatus;
  readonly feed: SpeechFeed;
}

/** What the bases of several rounds make of the room's prompt, side by side. */
export function Speak({ status: { sample }, feed }: Props) {
  const speech = feed.speech.value;
  if (speech === null) return <Sample sample={sample} />;
  const { prompt, writings, waiting } = speech;
  return (
    <>
      <p class="asked">
        {prompt.corpus !== null && `${prompt.corpus}: `}
        <strong dir="auto">{prompt.text}</strong>
      </p>
      <ol class="writings">
        {writings.map(({ round, text }) => (
          <li key={round}>
            <p class="after">{messages.dashboard.sampleRound(round)}</p>
            <p class="said" dir="auto">
              {text === null ? words.writing : text}
            </p>
          </li>
        ))}
      </ol>
      {waiting > 0 && <p>{words.waiting(waiting)}</p>}
    </>
  );
}

/** Before the relay told what its bases write, and where none does: its newest sample. */
function Sample({ sample }: Pick<RelayStatus, 'sample'>) {
  if (sample === null) return <p>{messages.dashboard.noSample}</p>;
  return (
    <>
      <p>{messages.dashboard.sampleRound(sample.round)}</p>
      <p class="said" dir="auto">
        {sample.prompt}
        <strong>{sample.text}</strong>
      </p>
    </>
  );
}
