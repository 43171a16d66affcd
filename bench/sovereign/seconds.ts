import * as v from 'valibot';

export const secondsSchema = v.strictObject({ wall: v.number(), processor: v.number() });

/** How long work took by the clock, and the processor time of all threads of this process meanwhile. */
export type Seconds = v.InferOutput<typeof secondsSchema>;

/** The result of `work`, and how long it took. Nothing else may run in this process meanwhile. */
export async function timed<Result>(
  work: () => Promise<Result>,
): Promise<{ result: Result; seconds: Seconds }> {
  const [began, before] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { result, seconds: { wall: (performance.now() - began) / 1000, processor: (user + system) / 1e6 } };
}

/** The times of pieces of work that ran one after the other, together. */
export function sumOf(all: readonly Seconds[]): Seconds {
  const sum = (of: (seconds: Seconds) => number) => all.reduce((total, seconds) => total + of(seconds), 0);
  return { wall: sum(({ wall }) => wall), processor: sum(({ processor }) => processor) };
}
