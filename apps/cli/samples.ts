import { byteTokenizer } from '../../client/data/tokenizer.ts';
import { CpuDecoder } from '../../client/model/cpu-decoder.ts';
import { generate } from '../../client/model/generate.ts';
import { layoutOf } from '../../client/model/parameters.ts';
import { Random } from '../../client/random.ts';
import type { Relay } from '../../relay/server.ts';
import type { RelayStatus } from '../../relay/wire/status.ts';
import { modelConfigOf } from './run-model.ts';

export interface Sample {
  readonly round: number;
  readonly prompt: string;
  readonly text: string;
}

/**
 * Continues a prompt from the base every few rounds and announces it on the dashboard. It runs on the CPU beside the
 * relay, from weights that everyone has.
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
  const { round, parameters } = await relay.base();
  const config = modelConfigOf(relay.manifest);
  const prompt = {
    tokens: [byteTokenizer.beginning, ...byteTokenizer.encode(options.prompt)],
    random: Random.seeded(options.seed, round),
  };
  const decoder = new CpuDecoder(config, layoutOf(config), parameters);
  const pieces = generate(decoder, [prompt], {
    tokenizer: byteTokenizer,
    maxTokens: options.maxTokens,
    temperature: 0.7,
    topK: 40,
    stopTokens: [byteTokenizer.end],
    signal,
  });
  let text = '';
  for await (const piece of pieces) text += piece.text;
  return { round, prompt: options.prompt, text };
}
