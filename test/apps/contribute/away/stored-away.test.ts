import { expect, test } from 'vitest';
import { parseAway } from '../../../../apps/contribute/away/stored-away.ts';
import { everyNight } from '../../../../apps/contribute/away/weekly-times.ts';

const stored = {
  tone: true,
  away: { pauseOnBattery: true, onlyIdle: false, weekly: { ...everyNight, isOn: true } },
};
const unset = { tone: false, away: { pauseOnBattery: false, onlyIdle: false, weekly: everyNight } };

test('reads the settings that the browser stores', () => {
  expect(parseAway(JSON.stringify(stored))).toEqual(stored);
});

test.each([
  ['nothing', null],
  ['no JSON', '{'],
  ['another kind of value', JSON.stringify({ ...stored, tone: 1 })],
  [
    'a time that no clock shows',
    JSON.stringify({ ...stored, away: { ...stored.away, weekly: { ...everyNight, to: '24:00' } } }),
  ],
  ['a field that the page does not know', JSON.stringify({ ...stored, text: 'secret' })],
])('begins as at the first visit where the browser stores %s', (_, text) => {
  expect(parseAway(text)).toEqual(unset);
});
