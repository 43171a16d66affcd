import { type Measurement, valueNames } from './measurement.ts';

/** The measurements as CSV with a header; a value that was not measured is empty. */
export function curvesCsv(measurements: readonly Measurement[], kinds: readonly string[]): string {
  const header = ['stage', 'kind', 'step', 'time', ...valueNames].join(',');
  const lines = measurements.map(({ stage, step, at, values }) =>
    [
      stage,
      kinds[stage],
      step,
      new Date(at).toISOString(),
      ...valueNames.map((name) => values[name] ?? ''),
    ].join(','),
  );
  return `${[header, ...lines].join('\n')}\n`;
}

/** The measurements as JSONL. */
export function curvesJsonl(measurements: readonly Measurement[], kinds: readonly string[]): string {
  return measurements
    .map(({ stage, step, at, values }) =>
      JSON.stringify({ stage, kind: kinds[stage], step, time: new Date(at).toISOString(), ...values }),
    )
    .map((line) => `${line}\n`)
    .join('');
}
