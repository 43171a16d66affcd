import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { messages } from '../../ui/messages.ts';
import { type Node, nameOfNode } from '../node-list.ts';
import type { Asked, PresenterSession } from './presenter-session.ts';

const words = messages.presenter;

interface Props {
  readonly session: PresenterSession;
  readonly nodes: readonly Node[];
}

/** Asks before a command that cannot be taken back. Escape and Cancel change nothing; Enter alone confirms nothing. */
export function Confirmation({ session, nodes }: Props) {
  const asked = session.asked.value;
  return asked === null ? null : (
    <Question key={JSON.stringify(asked)} asked={asked} session={session} nodes={nodes} />
  );
}

function Question({ asked, session, nodes }: Props & { readonly asked: Asked }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const chosen = useSignal(asked.action === 'remove' ? asked.node : null);
  useEffect(() => dialog.current?.showModal(), []);
  const node = nodes.find(({ id }) => id === chosen.value);
  const name = node === undefined ? null : nameOfNode(node);
  const dismiss = () => {
    session.asked.value = null;
  };
  const confirm = () => {
    if (asked.action === 'end') void session.act({ action: 'end' });
    else if (chosen.value !== null) void session.act({ action: 'remove', node: chosen.value });
  };
  return (
    <dialog class="confirmation" aria-labelledby="confirmation-question" ref={dialog} onClose={dismiss}>
      <p id="confirmation-question">
        {asked.action === 'end' ? words.endAsk : name === null ? words.removeWhich : words.removeAsk(name)}
      </p>
      {asked.action === 'remove' && asked.node === null && (
        <select
          aria-label={words.removeWhich}
          autofocus
          value={chosen.value ?? ''}
          onChange={({ currentTarget }) => {
            chosen.value = currentTarget.value || null;
          }}
        >
          <option value="">{words.removeNone}</option>
          {nodes.map((each) => (
            <option key={each.id} value={each.id}>
              {nameOfNode(each)}
            </option>
          ))}
        </select>
      )}
      <p class="answers">
        <button
          type="button"
          class="button"
          autofocus={asked.action === 'end' || asked.node !== null}
          onClick={dismiss}
        >
          {words.cancel}
        </button>
        <button
          type="button"
          class="button danger"
          disabled={asked.action === 'remove' && name === null}
          onClick={confirm}
        >
          {asked.action === 'end' ? words.endYes : words.removeYes}
        </button>
      </p>
    </dialog>
  );
}
