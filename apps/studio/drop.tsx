import { Chooser } from '../ui/files/chooser.tsx';
import { messages } from '../ui/messages.ts';

import type { Session } from './session.ts';

const words = messages.studio;

/** The choosers of files and of a folder. Each takes whatever the studio reads. */
export function Choosers({ session }: { session: Session }) {
  return (
    <div class="buttons">
      {([false, true] as const).map((folder) => (
        <Chooser
          key={String(folder)}
          label={folder ? words.chooseFolder : words.chooseFiles}
          folder={folder}
          disabled={session.adding.value}
          take={(files) => void session.add(files)}
        />
      ))}
    </div>
  );
}
