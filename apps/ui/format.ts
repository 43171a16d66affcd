import { computed } from '@preact/signals';
import { locale } from './language/locale.ts';

/** Bytes and their decimal units, each a thousand of the one before. */
const byteUnits = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'].map(
  (unit): Intl.NumberFormatOptions => ({
    style: 'unit',
    unit,
    unitDisplay: unit === 'byte' ? 'long' : 'short',
    maximumSignificantDigits: 3,
  }),
);

/** Intl's formats in the language of the page. */
const formats = computed(() => {
  const tag = locale.value;
  const time = { hour: 'numeric', minute: '2-digit' } as const;
  return {
    compact: new Intl.NumberFormat(tag, { notation: 'compact', maximumSignificantDigits: 3 }),
    whole: new Intl.NumberFormat(tag, { maximumFractionDigits: 0 }),
    number: new Intl.NumberFormat(tag),
    loss: new Intl.NumberFormat(tag, { minimumFractionDigits: 3, maximumFractionDigits: 3 }),
    percent: new Intl.NumberFormat(tag, { style: 'percent', maximumSignificantDigits: 3 }),
    bytes: byteUnits.map((unit) => new Intl.NumberFormat(tag, unit)),
    clock: new Intl.DateTimeFormat(tag, time),
    figure: new Intl.NumberFormat(tag, { maximumSignificantDigits: 3 }),
    change: new Intl.NumberFormat(tag, { maximumSignificantDigits: 3, signDisplay: 'exceptZero' }),
    second: new Intl.DateTimeFormat(tag, { ...time, second: '2-digit' }),
    weekday: new Intl.DateTimeFormat(tag, { weekday: 'short', timeZone: 'UTC' }),
    dayAndClock: new Intl.DateTimeFormat(tag, { weekday: 'short', day: 'numeric', month: 'short', ...time }),
  };
});

/** A count, in full below 100,000 (12,345) and shortened from there on (1.23M). */
export function formatCount(value: number): string {
  const { whole, compact } = formats.value;
  return Math.abs(value) < 100_000 ? whole.format(value) : compact.format(value);
}

/** Bytes with decimal units (powers of 1,000): 1.23 MB. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 would round up to "1,000 kB".
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1000;
    unit++;
  }
  return (formats.value.bytes[unit]?.format(value) ?? '').replaceAll(' ', '\u00a0');
}

/** A duration in whole seconds, at least zero: 0:42, 12:05 or 1:02:09. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A number as it is, such as one of a chart's axis. */
export function formatNumber(value: number): string {
  return formats.value.number.format(value);
}

/** A loss in nats per token with three decimals; a dash if there is none. */
export function formatLoss(value: number | null): string {
  return value === null || !Number.isFinite(value) ? '–' : formats.value.loss.format(value);
}

/** A part of one as a percentage: 33.3%. */
export function formatPercent(part: number): string {
  return formats.value.percent.format(part);
}

export function formatShare(part: number, total: number): string {
  return total > 0 ? formatPercent(Math.min(1, part / total)) : '–';
}

/** The factor by which `moved` is smaller than `otherwise`; null if it is not smaller or not yet known. */
export function timesLess(moved: number, otherwise: number): string | null {
  return moved > 0 && otherwise > moved ? `×${formatCount(otherwise / moved)}` : null;
}

/** A time of day in the browser's zone; with its day where it is not today. Both in milliseconds since 1970. */
export function formatClock(time: number, now: number): string {
  const isToday = new Date(time).toDateString() === new Date(now).toDateString();
  const { clock, dayAndClock } = formats.value;
  return (isToday ? clock : dayAndClock).format(time);
}

/** A time of day to the second, because heartbeats are seconds apart. In milliseconds since 1970. */
export function formatSecond(time: number): string {
  return formats.value.second.format(time);
}

/** The short name of a day of the week, 0 for Sunday as `Date` counts: Mon. */
export function formatWeekday(day: number): string {
  // The first of January 2023 was a Sunday.
  return formats.value.weekday.format(Date.UTC(2023, 0, 1 + day));
}

/** A change in three digits with its sign: +0.0123. */
export function formatChange(value: number): string {
  return formats.value.change.format(value);
}

/** A number in three digits: 0.0123. */
export function formatFigure(value: number): string {
  return formats.value.figure.format(value);
}
