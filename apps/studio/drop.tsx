import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { chosenIn, droppedIn } from '../ui/files/chosen.ts';
import { messages } from '../ui/messages.ts';
import type { Session } from './session.ts';

const words = messages.studio;

/** Takes files that are dropped anywhere on the page, and says so while they are over it. */
export function DropZone({ session }: { session: Session }) {
  const over = useSignal(false);
  useEffect(() => {
    const isFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    const drag = (event: DragEvent) => {
      if (!isFiles(event)) return;
      event.preventDefault();
      over.value = true;
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) over.value = false;
    };
    const drop = async (event: DragEvent) => {
      over.value = false;
      if (!isFiles(event) || event.dataTransfer === null) return;
      event.preventDefault();
      await session.add(await droppedIn(event.dataTransfer));
    };
    addEventListener('dragover', drag);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', drag);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, [session, over]);
  if (!over.value) return null;
  return (
    <div class="drop-zone" aria-hidden="true">
      <p>{words.dropHere}</p>
      <p>{words.dropHelp}</p>
    </div>
  );
}

/** A chooser of files or of a folder, as a button. */
function Chooser({ session, folder }: { session: Session; folder: boolean }) {
  return (
    <label class="button chooser">
      {folder ? words.chooseFolder : words.chooseFiles}
      <input
        type="file"
        multiple
        class="visually-hidden"
        {...(folder && { webkitdirectory: true })}
        disabled={session.adding.value}
        onChange={async (event) => {
          const input = event.currentTarget;
          await session.add(chosenIn(input));
          input.value = '';
        }}
      />
    </label>
  );
}

/** The choosers of files and of a folder. Each takes whatever the studio reads. */
export function Choosers({ session }: { session: Session }) {
  return (
    <div class="buttons">
      <Chooser session={session} folder={false} />
      <Chooser session={session} folder />
    </div>
  );
}
