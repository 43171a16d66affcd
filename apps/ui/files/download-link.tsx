import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { addressOf, type ExportedFile } from './saving.ts';

interface Props {
  readonly file: ExportedFile;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A link that saves a file which only this page has. A file in a folder gets the folder's name before its own. */
export function DownloadLink({ file: { name, blob }, class: style = '', children }: Props) {
  const address = useSignal('');
  useEffect(() => {
    const made = addressOf(blob);
    address.value = made;
    return () => URL.revokeObjectURL(made);
  }, [blob, address]);
  return (
    <a class={style} href={address.value} download={name.replaceAll('/', '-')}>
      {children}
    </a>
  );
}
