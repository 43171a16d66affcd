import { Chooser } from '../ui/files/chooser.tsx';
import { messages } from '../ui/messages.ts';
import type { Session } from './session.ts';

const words = messages.audit;

/** Where the visitor gives the folder of a run, which is then audited in place of the relay. */
export function FolderInput({ session }: { session: Session }) {
  const isGiven = session.folder.value !== null;
  return (
    <details open={session.problem.value?.code === 'run.missing'}>
      <summary>{isGiven ? words.folderGiven(session.place) : words.folder}</summary>
      <p class="help">{words.folderHelp}</p>
      <div class="buttons">
        <Chooser
          label={words.chooseFolder}
          folder
          take={(files) => {
            if (files.length > 0) void session.open(files);
          }}
        />
        {isGiven && (
          <button
            type="button"
            class="button"
            onClick={() => {
              session.folder.value = null;
            }}
          >
            {words.relayInstead}
          </button>
        )}
      </div>
    </details>
  );
}
