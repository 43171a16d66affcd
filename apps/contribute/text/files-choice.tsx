import { batch } from '@preact/signals';
import { Chooser } from '../../ui/files/chooser.tsx';
import { type ChosenFile, chosenIn } from '../../ui/files/chosen.ts';
import { formatBytes } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import type { Controller } from '../controller.ts';
import type { Choice } from './choice.ts';
import './files-choice.css';
import { firstNames, visibleFiles } from './own-text.ts';
import { PastedText } from './pasted-text.tsx';
import { Preview } from './preview.tsx';

const words = messages.contribute;

/** The files that are chosen, by name and size; after a reload, those to choose again. */
function ChosenFiles({ session }: { session: Controller }) {
  const files = session.choice.files.value;
  const lost = session.choice.lostFiles.value;
  if (files.length === 0)
    return lost.length === 0 ? null : <strong>{words.filesLost(firstNames(lost))} </strong>;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  return (
    <strong class="chosen-files">
      {words.filesChosen(files.length, formatBytes(size))}: {firstNames(files.map((file) => file.name))}.{' '}
    </strong>
  );
}

/** Makes files that a person chose or dropped the text to train on. */
export function takeFiles({ source, files, lostFiles }: Choice, chosen: readonly ChosenFile[]): void {
  batch(() => {
    source.value = 'files';
    files.value = visibleFiles(chosen);
    lostFiles.value = [];
  });
}

/** The choice of one's own text: files, a folder or what is pasted, with what the worker reads in them. */
export function FilesChoice({ session }: { session: Controller }) {
  const take = (chosen: readonly ChosenFile[]) => takeFiles(session.choice, chosen);
  return (
    <div class="field">
      <label for="files">{words.filesLabel}</label>
      <input
        id="files"
        type="file"
        multiple
        accept=".txt,.md,.jsonl,.ndjson,text/plain,text/markdown"
        aria-describedby="files-help"
        onChange={(event) => take(chosenIn(event.currentTarget))}
      />
      <Chooser label={messages.studio.chooseFolder} folder disabled={session.busy.value} take={take} />
      <p class="help" id="files-help">
        <ChosenFiles session={session} />
        {words.filesHelp} {words.dropHere}
      </p>
      <PastedText choice={session.choice} />
      <Preview session={session} />
    </div>
  );
}
