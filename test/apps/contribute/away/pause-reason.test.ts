import { describe, expect, test } from 'vitest';
import { type Conditions, pauseReason } from '../../../../apps/contribute/away/pause-reason.ts';
import { everyNight, nextSpan, weekdays } from '../../../../apps/contribute/away/weekly-times.ts';

/** A Wednesday at this local time. */
const wednesday = (hours: number, minutes = 0, days = 0) =>
  new Date(2026, 6, 15 + days, hours, minutes).getTime();

const nights = { ...everyNight, isOn: true };
const noon: Conditions = {
  choice: { pauseOnBattery: false, onlyIdle: false, weekly: everyNight },
  now: wednesday(12),
  byPerson: false,
  pausedUntil: null,
  onBattery: true,
  inUse: 'page',
  overruled: [],
};
const all = { pauseOnBattery: true, onlyIdle: true, weekly: nights };

describe('the reason of a pause', () => {
  test.each<[string, Partial<Conditions>, ReturnType<typeof pauseReason>]>([
    ['nothing is chosen', {}, null],
    ['the person paused', { byPerson: true }, { kind: 'person' }],
    ['a timed pause lasts', { pausedUntil: wednesday(13) }, { kind: 'timed', until: wednesday(13) }],
    ['a timed pause has ended', { pausedUntil: wednesday(12) }, null],
    ['battery counts', { choice: { ...noon.choice, pauseOnBattery: true } }, { kind: 'battery' }],
    [
      'the device is plugged in',
      { choice: { ...noon.choice, pauseOnBattery: true }, onBattery: false },
      null,
    ],
    [
      'the browser tells nothing of a battery',
      { choice: { ...noon.choice, pauseOnBattery: true }, onBattery: null },
      null,
    ],
    [
      'use counts',
      { choice: { ...noon.choice, onlyIdle: true }, inUse: 'device' },
      { kind: 'in-use', where: 'device' },
    ],
    ['the device is idle', { choice: { ...noon.choice, onlyIdle: true }, inUse: null }, null],
    [
      'it is no time of the week',
      { choice: { ...noon.choice, weekly: nights } },
      { kind: 'weekly', until: wednesday(22) },
    ],
    [
      'several count, the one with an end is named first',
      { choice: all },
      { kind: 'weekly', until: wednesday(22) },
    ],
    [
      'the person resumed against one, the next counts',
      { choice: all, overruled: ['weekly'] },
      { kind: 'battery' },
    ],
    ['the person resumed against all', { choice: all, overruled: ['weekly', 'battery', 'in-use'] }, null],
  ])('%s', (_, changed, expected) => {
    expect(pauseReason({ ...noon, ...changed })).toEqual(expected);
  });
});

describe('weekly times', () => {
  test.each([
    ['before a night', wednesday(21, 59), wednesday(22)],
    ['as a night begins', wednesday(22), null],
    ['after midnight', wednesday(3), null],
    ['as a night ends', wednesday(7), wednesday(22)],
  ])('over midnight: %s', (_, now, expected) => {
    expect(nextSpan(nights, now)).toBe(expected);
  });

  test('a night belongs to the day on which it begins', () => {
    const wednesdays = { ...nights, days: [3 as const] };
    expect(nextSpan(wednesdays, wednesday(3))).toBe(wednesday(22));
    expect(nextSpan(wednesdays, wednesday(3, 0, 1))).toBeNull();
    expect(nextSpan(wednesdays, wednesday(8, 0, 1))).toBe(wednesday(22, 0, 7));
  });

  test('equal times are a whole day, and times within a day end on it', () => {
    expect(nextSpan({ ...nights, from: '08:00', to: '08:00' }, wednesday(7, 59))).toBeNull();
    const office = { ...nights, days: weekdays.slice(0, 5), from: '09:00', to: '17:00' };
    expect(nextSpan(office, wednesday(16, 59))).toBeNull();
    expect(nextSpan(office, wednesday(17))).toBe(wednesday(9, 0, 1));
    expect(nextSpan(office, wednesday(17, 0, 2))).toBe(wednesday(9, 0, 5));
  });

  test('times that are off, or on no day, never pause', () => {
    expect(nextSpan(everyNight, wednesday(12))).toBeNull();
    expect(nextSpan({ ...nights, days: [] }, wednesday(12))).toBeNull();
  });
});
