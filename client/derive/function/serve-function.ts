import * as v from 'valibot';
import { type FunctionResult, requestSchema } from './call.ts';
import { callLimited } from './limited-function.ts';

/** Answers a message of the thread that called: the whole program of a thread that runs a person's function. */
export function serveFunction(message: unknown): Promise<FunctionResult> {
  const { source, input, limits } = v.parse(requestSchema, message);
  return callLimited(source, input, limits);
}
