import type { Signal } from '@preact/signals';
import { formatWeekday } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import type { Away } from './away.ts';
import './away.css';
import type { AwayChoice } from './pause-reason.ts';
import { type WeeklyTimes, weekdays } from './weekly-times.ts';

const words = messages.contribute.away;

function Switch(props: {
  readonly label: string;
  readonly isOn: boolean;
  readonly help?: string;
  readonly onChange: (isOn: boolean) => void;
}) {
  return (
    <div>
      <label class="option">
        <input
          type="checkbox"
          checked={props.isOn}
          onChange={(event) => props.onChange(event.currentTarget.checked)}
        />
        {props.label}
      </label>
      {props.help !== undefined && <p class="help">{props.help}</p>}
    </div>
  );
}

/** The days as checkboxes, and one span that begins on each of them. */
function Weekly({ weekly, change }: { weekly: WeeklyTimes; change: (weekly: WeeklyTimes) => void }) {
  const limits = [
    ['from', words.from],
    ['to', words.to],
  ] as const;
  return (
    <fieldset class="weekly">
      <legend class="visually-hidden">{words.weekly}</legend>
      <div class="days">
        {weekdays.map((day) => (
          <label key={day} class="option">
            <input
              type="checkbox"
              checked={weekly.days.includes(day)}
              onChange={(event) => {
                const others = weekly.days.filter((other) => other !== day);
                change({ ...weekly, days: event.currentTarget.checked ? [...others, day] : others });
              }}
            />
            {formatWeekday(day)}
          </label>
        ))}
      </div>
      <div class="span">
        {limits.map(([limit, label]) => (
          <label key={limit}>
            {label}
            <input
              type="time"
              required
              value={weekly[limit]}
              onInput={(event) => {
                const { value } = event.currentTarget;
                if (value !== '') change({ ...weekly, [limit]: value });
              }}
            />
          </label>
        ))}
      </div>
      <p class="help">{weekly.days.length === 0 ? words.dayNeeded : words.weeklyHelp}</p>
    </fieldset>
  );
}

/** When the node pauses by itself, folded until a person looks for it. */
export function AwayOptions({ away, tone }: { away: Away; tone: Signal<boolean> }) {
  const choice = away.choice.value;
  const { weekly } = choice;
  const change = (changed: Partial<AwayChoice>) => {
    away.choice.value = { ...away.choice.value, ...changed };
  };
  return (
    <details class="away">
      <summary>{words.heading}</summary>
      <div class="away-choices">
        <p class="help">{words.hidden}</p>
        {away.onBattery.value !== null && (
          <Switch
            label={words.onBattery}
            isOn={choice.pauseOnBattery}
            onChange={(pauseOnBattery) => change({ pauseOnBattery })}
          />
        )}
        <Switch
          label={words.onlyIdle}
          isOn={choice.onlyIdle}
          help={away.knowsDevice.value ? words.idleDevice : words.idlePage}
          onChange={(onlyIdle) => {
            change({ onlyIdle });
            if (onlyIdle) void away.askForDevice();
          }}
        />
        <Switch
          label={words.weekly}
          isOn={weekly.isOn}
          onChange={(isOn) => change({ weekly: { ...weekly, isOn } })}
        />
        {weekly.isOn && <Weekly weekly={weekly} change={(next) => change({ weekly: next })} />}
        <Switch
          label={words.tone}
          isOn={tone.value}
          help={words.toneHelp}
          onChange={(isOn) => {
            tone.value = isOn;
          }}
        />
      </div>
    </details>
  );
}
