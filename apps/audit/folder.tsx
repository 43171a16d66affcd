import '../ui/files/chooser.css';
import { chosenIn } from '../ui/files/chosen.ts';
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
        <label class="button chooser">
          {words.chooseFolder}
          <input
            id="folder"
            type="file"
            class="visually-hidden"
            multiple
            {...{ webkitdirectory: true }}
            onChange={async (event) => {
              const input = event.currentTarget;
              const files = chosenIn(input);
              input.value = '';
              if (files.length > 0) await session.open(files);
            }}
          />
        </label>
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
