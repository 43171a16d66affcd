import * as v from 'valibot';
import type { Isolate } from '../../runtime.ts';
import {
  defaultFunctionLimits,
  type FunctionInput,
  type FunctionLimits,
  type FunctionRequest,
  type FunctionResult,
  resultSchema,
} from './call.ts';

export interface IsolatedFunctionOptions {
  /** A module of JavaScript; see `callLimited`. */
  readonly source: string;
  /** Starts a thread whose program is `serveFunction`. */
  readonly start: () => Isolate;
  /** The longest time of a call in milliseconds; a thread that is not done by then is ended. */
  readonly milliseconds: number;
  readonly limits?: FunctionLimits;
}

/** A person's function in a thread of its own, which is ended and started again if a call hangs. */
export class IsolatedFunction {
  readonly #options: IsolatedFunctionOptions;
  #isolate: Isolate | null = null;

  constructor(options: IsolatedFunctionOptions) {
    this.#options = options;
  }

  /** The results of calls, one after the other, in their order. If aborted, rejects with the signal's reason. */
  async call(inputs: readonly FunctionInput[], signal: AbortSignal): Promise<FunctionResult[]> {
    const results: FunctionResult[] = [];
    for (const input of inputs) {
      signal.throwIfAborted();
      results.push(await this.#call(input));
    }
    return results;
  }

  close(): void {
    this.#isolate?.end();
    this.#isolate = null;
  }

  async #call(input: FunctionInput): Promise<FunctionResult> {
    const { source, start, milliseconds, limits = defaultFunctionLimits } = this.#options;
    this.#isolate ??= start();
    const request: FunctionRequest = { source, input, limits };
    const { promise, resolve } = Promise.withResolvers<FunctionResult>();
    const timer = setTimeout(
      () => resolve({ failure: `it was not done after ${milliseconds} ms` }),
      milliseconds,
    );
    let ended = true;
    const answer = this.#isolate.ask(request).then(
      (message): FunctionResult => {
        ended = false;
        const parsed = v.safeParse(resultSchema, message);
        return parsed.success ? parsed.output : { failure: 'its thread answered something else' };
      },
      (): FunctionResult => ({ failure: 'its thread ended' }),
    );
    try {
      return await Promise.race([promise, answer]);
    } finally {
      clearTimeout(timer);
      if (ended) this.close();
    }
  }
}
