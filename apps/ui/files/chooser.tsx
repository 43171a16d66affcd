import { type ChosenFile, chosenIn } from './chosen.ts';
import './chooser.css';

interface Props {
  readonly label: string;
  readonly folder: boolean;
  readonly disabled?: boolean;
  readonly take: (files: ChosenFile[]) => void;
}

/** A chooser of files or of a folder, as a button. */
export function Chooser({ label, folder, disabled = false, take }: Props) {
  return (
    <label class="button chooser">
      {label}
      <input
        type="file"
        multiple
        {...(folder && { webkitdirectory: true })}
        disabled={disabled}
        onChange={(event) => {
          const input = event.currentTarget;
          take(chosenIn(input));
          // The same choice again is a change again.
          input.value = '';
        }}
      />
    </label>
  );
}
