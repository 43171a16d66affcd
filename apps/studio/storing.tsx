import { useSignal } from '@preact/signals';
import { formatBytes } from '../ui/format.ts';
import { messages } from '../ui/messages.ts';
import type { Session } from './session.ts';

const words = messages.studio.storing;

/** Where the studio's files are, how large they are, and that nothing of them is shared. */
export function Storing({ session }: { session: Session }) {
  const asked = useSignal(false);
  const { files = [], quota = null } = session.library.value ?? {};
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const forget = async () => {
    await session.forget();
    location.reload();
  };
  return (
    <section class="panel storing" aria-labelledby="storing-heading">
      <h2 id="storing-heading">{words.heading}</h2>
      <p>
        {words.where} {words.total(formatBytes(total))}.{' '}
        {quota !== null && <span class="muted">{words.quota(formatBytes(quota))}</span>}
      </p>
      <p>
        <strong>{words.shared}</strong> <span class="muted">{words.sharedWhy}</span>
      </p>
      {files.length > 0 && (
        <details>
          <summary>{words.files(files.length)}</summary>
          <table class="files">
            <thead>
              <tr>
                <th scope="col">{words.file}</th>
                <th scope="col">{words.size}</th>
              </tr>
            </thead>
            <tbody>
              {files.map(({ name, bytes }) => (
                <tr key={name}>
                  <td>{name}</td>
                  <td>{formatBytes(bytes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
      <div class="buttons">
        <button
          type="button"
          class="button"
          disabled={session.busy.value}
          onClick={() => {
            if (asked.value) void forget();
            else asked.value = true;
          }}
        >
          {asked.value ? words.forgetConfirm : words.forget}
        </button>
        {asked.value && (
          <button
            type="button"
            class="button quiet"
            onClick={() => {
              asked.value = false;
            }}
          >
            {words.cancel}
          </button>
        )}
      </div>
    </section>
  );
}
