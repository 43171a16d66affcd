import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { GivenFiles } from '../ui/files/given-files.tsx';
import type { ExportedFile } from '../ui/files/saving.ts';
import { messages } from '../ui/messages.ts';
import type { Session } from './session.ts';
import { Choice } from './steps/fields.tsx';
import type { ExportFormat } from './worker/worker-api.ts';

const words = messages.studio.taking;
const formats: readonly ExportFormat[] = ['folder', 'gguf', 'peft'];

/** Takes a model out of the browser: files for other tools. */
export function Taking({ session }: { session: Session }) {
  const chosen = useSignal<string | null>(null);
  const format = useSignal<ExportFormat>('folder');
  const files = useSignal<readonly ExportedFile[] | null>(null);
  const acknowledged = useSignal(false);
  const models = session.library.value?.models ?? [];
  const model = models.find(({ name }) => name === chosen.value) ?? models.at(-1);
  useEffect(() => {
    files.value = null;
    acknowledged.value = false;
  }, [model?.name, format.value, files, acknowledged]);
  if (model === undefined) return null;
  const offered = formats.filter((each) => each !== 'peft' || model.hasAdapter);
  return (
    <section class="panel taking" aria-labelledby="taking-heading">
      <h2 id="taking-heading">{words.heading}</h2>
      <div class="form">
        <Choice
          name="taken-model"
          label={words.model}
          value={model.name}
          options={models.map(({ name }) => [name, name])}
          disabled={false}
          choose={(name) => {
            chosen.value = name;
          }}
        />
        <Choice
          name="taken-format"
          label={words.format}
          value={offered.includes(format.value) ? format.value : 'folder'}
          options={offered.map((each) => [each, words.formats[each]])}
          disabled={false}
          choose={(name) => {
            format.value = name;
          }}
        />
      </div>
      {model.revoked.length > 0 && (
        <label class="choice">
          <input
            type="checkbox"
            checked={acknowledged.value}
            onChange={(event) => {
              acknowledged.value = event.currentTarget.checked;
            }}
          />
          <span>{words.acknowledge(model.revoked.join(', '))}</span>
        </label>
      )}
      <div class="buttons">
        <button
          type="button"
          class="button"
          onClick={async () => {
            const wanted = offered.includes(format.value) ? format.value : 'folder';
            files.value = await session.exported(model.name, wanted, acknowledged.value);
          }}
        >
          {words.prepare}
        </button>
      </div>
      {files.value !== null && <GivenFiles files={files.value} />}
    </section>
  );
}
