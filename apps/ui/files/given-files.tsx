import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { formatBytes } from '../format.ts';
import { messages } from '../messages.ts';
import { DownloadLink } from './download-link.tsx';
import './given-files.css';
import { canSaveFolders, type ExportedFile, saveFolder } from './saving.ts';

const words = messages.files;

/** Files that a page gives to the person: all together into a folder where the browser can write to one, and one by one. */
export function GivenFiles({ files }: { files: readonly ExportedFile[] }) {
  const saved = useSignal<number | null>(null);
  useEffect(() => {
    saved.value = null;
  }, [files, saved]);
  return (
    <div class="given-files">
      {canSaveFolders() && (
        <div class="buttons">
          <button
            type="button"
            class="button primary"
            onClick={async () => {
              saved.value = await saveFolder(files);
            }}
          >
            {words.save}
          </button>
        </div>
      )}
      <p role="status">{saved.value !== null && words.saved(saved.value)}</p>
      <ul aria-label={words.files}>
        {files.map((file) => (
          <li key={file.name}>
            <DownloadLink file={file}>{file.name}</DownloadLink>{' '}
            <span class="muted">{formatBytes(file.blob.size)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
