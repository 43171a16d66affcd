import { modelConfigOf } from '../../../../client/contribute/run-model.ts';
import type { Relay } from '../../../../relay/server/server.ts';
import { siblingProgram } from '../../program.ts';
import { tokenizerFilesOf } from '../run-tokenizer.ts';
import { askThread } from '../thread.ts';

export interface Work {
  /** Each round draws a text of its own. */
  readonly round: number;
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly prompt: string;
  readonly maxTokens: number;
}

export interface Sample {
  readonly round: number;
  readonly prompt: string;
  readonly text: string;
}

/** Lets the bases of a relay's run continue prompts, on the CPU in a thread beside the relay: one text at a time. */
export class Writer {
  readonly #relay: Relay;
  readonly #seed: number;
  #last: Promise<unknown> = Promise.resolve();

  constructor(relay: Relay, seed: number) {
    this.#relay = relay;
    this.#seed = seed;
  }

  /** Writes when its turn has come. `prepare` then reads the base, and may find that there is nothing to write. */
  write(prepare: () => Promise<Work | null>, signal: AbortSignal): Promise<Sample | null> {
    const written = this.#last.then(async () => {
      signal.throwIfAborted();
      const work = await prepare();
      if (work === null) return null;
      const config = modelConfigOf(this.#relay.manifest.model);
      const tokenizer = await tokenizerFilesOf(this.#relay);
      const { round, parameters, prompt, maxTokens } = work;
      const request = { config, tokenizer, parameters, prompt, maxTokens, seed: this.#seed, round };
      return {
        round,
        prompt,
        text: String(await askThread(siblingProgram('sample-worker'), request, signal)),
      };
    });
    this.#last = written.catch(() => {});
    return written;
  }
}
