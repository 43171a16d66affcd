import { useSignal } from '@preact/signals';
import schema from '../../relay/wire/tapestry.proto?url';
import { formatBytes } from '../ui/format.ts';
import { messages } from '../ui/messages.ts';
import './sent.css';
import type { Controller } from './controller.ts';
import { OpenedMessages } from './envelope/opened-messages.tsx';
import type { SentMessage } from './envelope/sent-messages.ts';

const words = messages.contribute;
const types = ['join', 'offer', 'chunk', 'heartbeat', 'leave'] as const;

/** The bytes that left this node, by message type, and the reason why text cannot be among them. */
export function Sent({ session }: { session: Controller }) {
  const { sent, received } = session.progress.value;
  const opened = useSignal<SentMessage['type'] | null>(null);
  const total = types.reduce((sum, type) => sum + sent[type], 0);
  return (
    <>
      <section class="panel sent" aria-labelledby="sent-heading">
        <h2 id="sent-heading">{words.sent}</h2>
        <table>
          <thead>
            <tr>
              <th scope="col">{words.sentType}</th>
              <th scope="col">{words.sentBytes}</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {types.map((type) => (
              <tr key={type}>
                <th scope="row">{words.sentNames[type]}</th>
                <td>{formatBytes(sent[type])}</td>
                <td>
                  <button
                    type="button"
                    class="button small"
                    disabled={sent[type] === 0}
                    onClick={() => {
                      opened.value = type;
                    }}
                  >
                    {messages.envelope.open}
                    <span class="visually-hidden"> {words.sentNames[type]}</span>
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{words.sentTotal}</th>
              <td>{formatBytes(total)}</td>
              <td />
            </tr>
            <tr class="muted">
              <th scope="row">{words.received}</th>
              <td>{formatBytes(received)}</td>
              <td />
            </tr>
            <tr class="muted">
              <th scope="row">{words.pageItself}</th>
              <td id="page-bytes">{formatBytes(session.pageBytes.total.value)}</td>
              <td />
            </tr>
          </tfoot>
        </table>
        <div class="promise">
          <p>
            <strong>{words.notSent}</strong> {words.notSentWhy} <a href={schema}>{words.schema}</a>{' '}
            <a href="audit" target="_blank" rel="noopener">
              {words.audit}
              <span class="visually-hidden"> {words.newTab}</span>
            </a>
          </p>
          <details>
            <summary>{words.limits}</summary>
            <p>{words.limitsText}</p>
          </details>
        </div>
      </section>
      {opened.value !== null && (
        <OpenedMessages
          envelope={session.envelope}
          type={opened.value}
          close={() => {
            opened.value = null;
          }}
        />
      )}
    </>
  );
}
