import { useSignal } from '@preact/signals';
import { formatPercent } from '../ui/format.ts';
import { messages } from '../ui/messages.ts';
import { AwayOptions } from './away/away-options.tsx';
import type { Controller } from './controller.ts';
import { roundChoices } from './tab/stored-choice.ts';

const words = messages.contribute;

/** The longest timed pause, in minutes: a day. */
const mostMinutes = 1440;

function Power({ session }: { session: Controller }) {
  const percent = Math.round(session.choice.power.value * 100);
  return (
    <div class="field power">
      <label for="power">
        {words.power} <output for="power">{formatPercent(percent / 100)}</output>
      </label>
      <input
        id="power"
        type="range"
        min={10}
        max={100}
        step={10}
        value={percent}
        aria-valuetext={formatPercent(percent / 100)}
        aria-describedby="power-help"
        onInput={(event) => session.setPower(Number(event.currentTarget.value) / 100)}
      />
      <p class="help" id="power-help">
        {words.powerHelp}
      </p>
    </div>
  );
}

function StopAfter({ session }: { session: Controller }) {
  const { stopAfter } = session.choice;
  return (
    <div class="field">
      <label for="stop-after">{words.stopAfter}</label>
      <select
        id="stop-after"
        value={stopAfter.value ?? ''}
        onChange={(event) => {
          const { value } = event.currentTarget;
          stopAfter.value = roundChoices.find((rounds) => String(rounds) === value) ?? null;
        }}
      >
        <option value="">{words.stopNever}</option>
        {roundChoices.map((rounds) => (
          <option key={rounds} value={rounds}>
            {words.stopRounds(rounds)}
          </option>
        ))}
      </select>
    </div>
  );
}

function PauseFor({ session }: { session: Controller }) {
  const minutes = useSignal('15');
  const wanted = Number(minutes.value);
  const isValid = Number.isInteger(wanted) && wanted >= 1 && wanted <= mostMinutes;
  return (
    <form
      class="pause-for"
      onSubmit={(event) => {
        event.preventDefault();
        if (isValid) session.away.pauseFor(wanted);
      }}
    >
      <label for="minutes">{words.pauseFor}</label>
      <input
        id="minutes"
        type="number"
        inputMode="numeric"
        min={1}
        max={mostMinutes}
        required
        value={minutes.value}
        onInput={(event) => {
          minutes.value = event.currentTarget.value;
        }}
      />
      <span aria-hidden="true">{words.minutes}</span>
      <button type="submit" class="button" disabled={!isValid || session.progress.value.finishing}>
        {words.pauseForButton}
      </button>
    </form>
  );
}

/** How much and how long the node works: power, a number of rounds, a pause of some minutes, and pauses by itself. */
export function Options({ session }: { session: Controller }) {
  return (
    <section class="panel options-panel" aria-labelledby="options-heading">
      <h2 id="options-heading">{words.options}</h2>
      <Power session={session} />
      <StopAfter session={session} />
      {session.busy.value && <PauseFor session={session} />}
      <AwayOptions away={session.away} tone={session.choice.tone} />
    </section>
  );
}
