import '../ui/files/chooser.css';
import { chosenIn } from '../ui/files/chosen.ts';
import { messages } from '../ui/messages.ts';

import type { Session } from './session.ts';

const words = messages.studio;

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
