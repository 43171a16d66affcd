import { modelConfigOf } from '../../../client/contribute/run-model.ts';
import type { Relay } from '../../../relay/server/server.ts';
import type { RelayStatus } from '../../../relay/wire/status.ts';
import { siblingProgram } from '../program.ts';
import { tokenizerFilesOf } from './run-tokenizer.ts';
import { askThread } from './thread.ts';

export interface Sample {
  readonly round: number;
  readonly prompt: string;
  readonly text: string;
}

/**
 * Continues a prompt from the base every few rounds and announces it on the dashboard, on the CPU in a thread beside the
 * relay. `finish` waits for the sample of the last round, `abandon` drops what is being written.
 */
export function announceSamples(
  relay: Relay,
  options: { every: number; prompt: string; maxTokens: number; seed: number },
  onSample: (sample: Sample) => void,
  onProblem: (problem: unknown) => void,
): { finish(): Promise<void>; abandon(): Promise<void> } {
  const abort = new AbortController();
  let busy: Promise<void> = Promise.resolve();
  let done = relay.status().sample?.round ?? 0;
  const look = (status: RelayStatus) => {
    const { round } = status.base;
    const due = round % options.every === 0 || round === status.run.rounds;
    if (round <= done || !due) return;
    done = round;
    busy = busy
      .then(() => sampleFrom(relay, options, abort.signal))
      .then((sample) => {
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

async function sampleFrom(
  relay: Relay,
  options: { prompt: string; maxTokens: number; seed: number },
  signal: AbortSignal,
): Promise<Sample> {
  const { prompt, maxTokens, seed } = options;
  const { round, parameters } = await relay.base();
  const config = modelConfigOf(relay.manifest.model);
  const tokenizer = await tokenizerFilesOf(relay);
  const request = { config, tokenizer, parameters, prompt, maxTokens, seed, round };
  return { round, prompt, text: String(await askThread(siblingProgram('sample-worker'), request, signal)) };
}
