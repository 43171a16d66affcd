import * as v from 'valibot';
import type { AwayChoice } from './pause-reason.ts';
import { everyNight, weeklyTimesSchema } from './weekly-times.ts';

const name = 'tapestry away';

const awaySettingsSchema = v.strictObject({
  /** An inaudible tone keeps Chrome from slowing the hidden tab down. */
  tone: v.boolean(),
  away: v.strictObject({ pauseOnBattery: v.boolean(), onlyIdle: v.boolean(), weekly: weeklyTimesSchema }),
});

/** What the person chose for the time away. It holds for this device and browser, at later visits too. */
export interface AwaySettings {
  readonly tone: boolean;
  readonly away: AwayChoice;
}

const unset: AwaySettings = {
  tone: false,
  away: { pauseOnBattery: false, onlyIdle: false, weekly: everyNight },
};

/** Reads stored settings; those of a first visit if the text is none. */
export function parseAway(text: string | null): AwaySettings {
  try {
    const parsed = v.safeParse(awaySettingsSchema, JSON.parse(text ?? 'null'));
    return parsed.success ? parsed.output : unset;
  } catch {
    return unset;
  }
}

/** The settings that this browser stores for the relay's address. */
export function loadAway(): AwaySettings {
  return parseAway(localStorage.getItem(name));
}

/** Stores the settings; nothing remains of a first visit's. Without room in the browser they hold until the page is closed. */
export function storeAway(settings: AwaySettings): void {
  const text = JSON.stringify(settings);
  try {
    if (text === JSON.stringify(unset)) localStorage.removeItem(name);
    else localStorage.setItem(name, text);
  } catch {
    localStorage.removeItem(name);
  }
}

export function forgetAway(): void {
  localStorage.removeItem(name);
}
