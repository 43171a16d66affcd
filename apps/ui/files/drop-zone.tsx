import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type ChosenFile, droppedIn } from './chosen.ts';
import './drop-zone.css';

interface Props {
  /** What is said while files are over the page. */
  readonly here: string;
  readonly help: string;
  /** True while nothing is taken. A file that is dropped then is not opened in place of the page either. */
  readonly disabled?: boolean;
  readonly take: (files: readonly ChosenFile[]) => unknown;
}

/** Takes files that are dropped anywhere on the page, and says so while they are over it. */
export function DropZone({ here, help, disabled = false, take }: Props) {
  const over = useSignal(false);
  useEffect(() => {
    const isFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    const drag = (event: DragEvent) => {
      if (!isFiles(event)) return;
      event.preventDefault();
      over.value = !disabled;
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) over.value = false;
    };
    const drop = async (event: DragEvent) => {
      over.value = false;
      if (!isFiles(event) || event.dataTransfer === null) return;
      event.preventDefault();
      if (!disabled) await take(await droppedIn(event.dataTransfer));
    };
    addEventListener('dragover', drag);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', drag);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, [take, disabled, over]);
  if (!over.value) return null;
  return (
    <div class="drop-zone" aria-hidden="true">
      <p>{here}</p>
      <p>{help}</p>
    </div>
  );
}
