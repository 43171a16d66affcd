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
