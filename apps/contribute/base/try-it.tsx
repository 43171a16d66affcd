import { useSignal } from '@preact/signals';
import { formatBytes } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import type { Controller } from '../controller.ts';
import { ProblemNotice } from '../problem-notice.tsx';
import { type TrialMode, trialModes } from './base-session.ts';
import { Drafts } from './drafts.tsx';
import { newestBase } from './shown-bases.ts';
import './try-it.css';

const words = messages.bases;

/** The most characters of a prompt. */
const longestPrompt = 500;

function Ask({ session, first }: { session: Controller; first: TrialMode }) {
  const { bases, feed } = session;
  const status = feed.status.value;
  const base = newestBase(session.progress.value, status);
  const prompt = useSignal<string | null>(null);
  const chosen = useSignal<TrialMode | null>(null);
  const mode = chosen.value ?? first;
  const isWriting = bases.trial.value?.phase === 'writing';
  const begins = prompt.value ?? status?.sample?.prompt ?? words.examplePrompt;
  if (base === null || status === null) return <p class="muted">{words.notYet}</p>;
  return (
    <form
      class="asking"
      onSubmit={(event) => {
        event.preventDefault();
        const request = { mode, prompt: begins, base, spareGpu: session.busy.value };
        if (isWriting) bases.stop();
        else void bases.write(request, status);
      }}
    >
      <div class="field">
        <label for="try-prompt">{words.prompt}</label>
        <textarea
          id="try-prompt"
          rows={2}
          maxLength={longestPrompt}
          dir="auto"
          value={begins}
          onInput={(event) => {
            prompt.value = event.currentTarget.value;
          }}
        />
      </div>
      <div class="field">
        <label for="try-mode">{words.mode}</label>
        <select
          id="try-mode"
          value={mode}
          disabled={isWriting}
          onChange={(event) => {
            const { value } = event.currentTarget;
            chosen.value = trialModes.find((each) => each === value) ?? null;
          }}
        >
          {trialModes.map((each) => (
            <option key={each} value={each}>
              {words.modes[each]}
            </option>
          ))}
        </select>
      </div>
      <div class="buttons">
        <button type="submit" class="button">
          {isWriting ? words.stop : words.write}
        </button>
        <p class="help">{words.downloads(formatBytes(status.base.bytes))}</p>
      </div>
    </form>
  );
}

/** The base goes on with the person's own words: before and after the last round side by side, or twice, to choose from. */
export function TryIt({ session, first }: { session: Controller; first: TrialMode }) {
  return (
    <section class="panel try-it" aria-labelledby="try-heading">
      <h2 id="try-heading">{words.heading}</h2>
      <p class="help">{words.what}</p>
      <Ask session={session} first={first} />
      <ProblemNotice problem={session.bases.problem.value} />
      <Drafts bases={session.bases} />
    </section>
  );
}
