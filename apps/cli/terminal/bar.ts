/** A bar of `width` characters, of which the share from 0 to 1 is full. */
export function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}

const heights = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** The last `width` values as a line of small columns, from the least to the greatest of them. */
export function sparkLine(values: readonly number[], width: number): string {
  const shown = values.filter(Number.isFinite).slice(-width);
  const least = Math.min(...shown);
  const range = Math.max(...shown) - least;
  return shown
    .map((value) => heights[range === 0 ? 0 : Math.round(((value - least) / range) * (heights.length - 1))])
    .join('');
}

/** A time to wait, in seconds below two minutes and then in minutes or hours. */
export function span(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
