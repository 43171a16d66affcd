import * as v from 'valibot';

/** The days in the order of a week that begins on Monday, as `Date` counts them. */
export const weekdays = [1, 2, 3, 4, 5, 6, 0] as const;

const time = v.pipe(v.string(), v.regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/));

/** The weekly times at which a node may train, in local time. */
export const weeklyTimesSchema = v.strictObject({
  isOn: v.boolean(),
  /** The days on which a span begins. */
  days: v.pipe(v.array(v.picklist(weekdays)), v.maxLength(7)),
  /** Where a span begins and ends, as 22:00. One that does not end after its begin ends on the next day. */
  from: time,
  to: time,
});
export type WeeklyTimes = v.InferOutput<typeof weeklyTimesSchema>;

/** Every night; where no one has chosen yet. */
export const everyNight: WeeklyTimes = { isOn: false, days: [...weekdays], from: '22:00', to: '07:00' };

/** A time of day on the day that lies so many days from that of `now`. `Date` knows when clocks are put forward or back. */
function timeOn(now: number, days: number, clock: string): number {
  const date = new Date(now);
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days, hours, minutes).getTime();
}

/** The begin of the next span, in milliseconds since 1970; null within a span, and where no span is chosen. */
export function nextSpan({ isOn, days, from, to }: WeeklyTimes, now: number): number | null {
  if (!isOn || days.length === 0) return null;
  const overnight = to <= from ? 1 : 0;
  // A span that began yesterday may still last; a day of next week is at most 7 days away.
  for (let day = -1; day <= 7; day++) {
    const begin = timeOn(now, day, from);
    if (!days.some((chosen) => chosen === new Date(begin).getDay())) continue;
    if (now < begin) return begin;
    if (now < timeOn(now, day + overnight, to)) return null;
  }
  return null;
}
