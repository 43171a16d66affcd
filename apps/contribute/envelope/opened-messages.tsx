import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { OpenedFrame } from '../../../relay/wire/open-frame.ts';
import { formatBytes, formatSecond } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import { problemOf } from '../../ui/problem.ts';
import { DeltaView } from './delta-view.tsx';
import './envelope.css';
import type { EnvelopeApi, MessageEntry } from './envelope-api.ts';
import { Fields } from './fields.tsx';
import { storedChunkBytes, storedOfType } from './limits.ts';
import type { SentMessage } from './sent-messages.ts';

const words = messages.envelope;

interface Props {
  readonly envelope: EnvelopeApi;
  readonly type: SentMessage['type'];
  readonly close: () => void;
}

/** The newest messages of a type, of which one is open; of chunks also the delta that they carry. */
export function OpenedMessages({ envelope, type, close }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const entries = useSignal<readonly MessageEntry[]>([]);
  const chosen = useSignal<number | null>(null);
  const opened = useSignal<OpenedFrame | null>(null);
  const problem = useSignal<string | null>(null);
  const choose = async (id: number) => {
    chosen.value = id;
    const frame = await envelope.openMessage(id);
    if (chosen.value !== id) return;
    opened.value = frame;
    problem.value = frame === null ? words.gone : null;
  };
  const load = async () => {
    entries.value = (await envelope.sentMessages(type)).toReversed();
    const newest = entries.value[0];
    if (newest === undefined) problem.value = words.gone;
    else await choose(newest.id);
  };
  useEffect(() => {
    dialog.current?.showModal();
    load().catch((error: unknown) => {
      problem.value = problemOf(error).message;
    });
  }, []);
  return (
    <dialog class="envelope" aria-labelledby="envelope-heading" ref={dialog} onClose={close}>
      <header>
        <h2 id="envelope-heading">{messages.contribute.sentNames[type]}</h2>
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          {words.close}
        </button>
      </header>
      <p class="help">{words.help(storedOfType, formatBytes(storedChunkBytes))}</p>
      {problem.value !== null && <p role="status">{problem.value}</p>}
      {chosen.value !== null && (
        <div class="field">
          <label for="envelope-message">{words.message}</label>
          <select
            id="envelope-message"
            value={chosen.value}
            onChange={({ currentTarget }) => void choose(Number(currentTarget.value))}
          >
            {entries.value.map(({ id, at, bytes }) => (
              <option key={id} value={id}>
                {words.entry(formatSecond(at), formatBytes(bytes))}
              </option>
            ))}
          </select>
        </div>
      )}
      {opened.value !== null && <Fields frame={opened.value} />}
      {type === 'chunk' && chosen.value !== null && <DeltaView envelope={envelope} chunk={chosen.value} />}
    </dialog>
  );
}
