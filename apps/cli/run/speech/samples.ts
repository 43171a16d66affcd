import type { Relay } from '../../../../relay/server/server.ts';
import type { RelayStatus } from '../../../../relay/wire/status.ts';
import type { Sample, Writer } from './writer.ts';

/**
 * Continues a prompt from the base every few rounds and announces it on the dashboard. `finish` waits for the sample of the last round, `abandon` drops what is being written.
 */
export function announceSamples(
  relay: Relay,
  writer: Writer,
  options: { every: number; prompt: string; maxTokens: number },
  onSample: (sample: Sample) => void,
  onProblem: (problem: unknown) => void,
): { finish(): Promise<void>; abandon(): Promise<void> } {
  const abort = new AbortController();
  let busy: Promise<void> = Promise.resolve();
  let done = relay.status().sample?.round ?? 0;
  const { prompt, maxTokens } = options;
  const work = async () => ({ ...(await relay.base()), prompt, maxTokens });
  const look = (status: RelayStatus) => {
    const { round } = status.base;
    const due = round % options.every === 0 || round === status.run.rounds;
    if (round <= done || !due) return;
    done = round;
    busy = busy
      .then(() => writer.write(work, abort.signal))
      .then((sample) => {
        if (sample === null) return;
        relay.announceSample(sample);
        onSample(sample);
      })
      .catch((error: unknown) => {
        if (!abort.signal.aborted) onProblem(error);
      });
  };
  const unwatch = relay.watch(look);
  look(relay.status());
  return {
    async finish() {
      unwatch();
      look(relay.status());
      await busy;
    },
    async abandon() {
      unwatch();
      abort.abort();
      await busy;
    },
  };
}
