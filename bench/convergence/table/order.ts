/** A place in an order: its name, and its losses over the seeds in short; undefined where it is not measured. */
export interface Place {
  readonly name: string;
  readonly loss: number | undefined;
}

/** Relative differences that are called equal where a paper says "equal": seeds differ by more. */
const equal = 0.003;

/** Whether losses ascend in the order given, as a sentence for a table. */
export function ascends(places: readonly Place[]): string {
  return verdict(places, (before, after) => before <= after, ' <= ');
}

/** Whether losses are equal within 0.3%. */
export function areEqual(places: readonly Place[]): string {
  return verdict(places, (before, after) => Math.abs(after / before - 1) <= equal, ' = ');
}

function verdict(
  places: readonly Place[],
  holds: (before: number, after: number) => boolean,
  sign: string,
): string {
  const measured = places.flatMap(({ name, loss }) => (loss === undefined ? [] : [{ name, loss }]));
  const names = places.map(({ name }) => name).join(sign);
  if (measured.length < 2) return `${names}: not measured`;
  const missing = places.filter(({ loss }) => loss === undefined).map(({ name }) => name);
  const broken = measured.slice(1).flatMap(({ name, loss }, i) => {
    const before = measured[i];
    return before === undefined || holds(before.loss, loss) ? [] : [`${before.name} and ${name}`];
  });
  const without = missing.length === 0 ? '' : ` (without ${missing.join(', ')})`;
  return `${names}: ${broken.length === 0 ? 'holds' : `does not hold for ${broken.join('; ')}`}${without}`;
}
