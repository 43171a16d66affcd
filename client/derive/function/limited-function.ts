import variant from '@jitl/quickjs-singlefile-mjs-release-sync';
import {
  newQuickJSWASMModuleFromVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSWASMModule,
} from 'quickjs-emscripten-core';
import { printable } from '../../errors.ts';
import type { FunctionInput, FunctionLimits, FunctionResult } from './call.ts';

const encoder = new TextEncoder();
let loading: Promise<QuickJSWASMModule> | undefined;

/**
 * Calls the default export of a module of JavaScript as `(completion, { prompt, answer }) => number`. It runs in an interpreter of its
 * own, compiled to WebAssembly, which has the language and nothing besides: no files, no network, no clock and no chance, so that equal
 * calls give equal results. Each call begins with a new global object. A call may still block for long within one built-in function,
 * so whoever calls this must be able to end the thread.
 */
export async function callLimited(
  source: string,
  input: FunctionInput,
  limits: FunctionLimits,
): Promise<FunctionResult> {
  if (encoder.encode(source).length > limits.sourceBytes)
    return { failure: `the function has more than ${limits.sourceBytes} bytes` };
  loading ??= newQuickJSWASMModuleFromVariant(variant);
  const runtime = (await loading).newRuntime();
  let turns = 0;
  runtime.setMemoryLimit(limits.memoryBytes);
  runtime.setMaxStackSize(limits.stackBytes);
  runtime.setInterruptHandler(() => ++turns > limits.turns);
  const context = runtime.newContext();
  try {
    return call(context, source, input);
  } catch (error) {
    // An interpreter that was out of memory when it made the error has none to tell.
    return { failure: `the interpreter failed: ${printable(String(error))}` };
  } finally {
    close(context, runtime);
  }
}

function call(
  context: QuickJSContext,
  source: string,
  { completion, ...about }: FunctionInput,
): FunctionResult {
  const handles: QuickJSHandle[] = [];
  const kept = (handle: QuickJSHandle) => {
    handles.push(handle);
    return handle;
  };
  /** The value of what was evaluated; undefined after an error, whose message is then in `failure`. */
  let failure = '';
  const evaluated = (result: ReturnType<QuickJSContext['evalCode']>) => {
    if (!result.error) return kept(result.value);
    const error: unknown = context.dump(kept(result.error));
    failure = printable(messageOf(error));
    return undefined;
  };
  try {
    evaluated(context.evalCode('delete globalThis.Date; delete Math.random;', 'limits.js'));
    const module = evaluated(context.evalCode(source, 'function.js', { type: 'module' }));
    if (module === undefined) return { failure };
    const own = kept(context.getProp(module, 'default'));
    if (context.typeof(own) !== 'function') return { failure: 'its default export is no function' };
    const text = kept(context.newString(completion));
    const facts = evaluated(context.evalCode(`(${JSON.stringify(about)})`, 'input.js'));
    if (facts === undefined) return { failure };
    const result = evaluated(context.callFunction(own, context.undefined, text, facts));
    if (result === undefined) return { failure };
    const value: unknown = context.typeof(result) === 'number' ? context.getNumber(result) : null;
    if (typeof value === 'number' && Number.isFinite(value)) return { value };
    return { failure: `it returned no finite number, but ${context.typeof(result)}` };
  } finally {
    for (const handle of handles) handle.dispose();
  }
}

function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return String(error);
  return error.message === 'interrupted' ? 'it took too long' : String(error.message);
}

/** Frees the interpreter. One that was interrupted within a built-in function may have lost a reference, which its debug checks refuse. */
function close(context: QuickJSContext, runtime: QuickJSRuntime): void {
  try {
    context.dispose();
    runtime.dispose();
  } catch {
    loading = undefined;
  }
}
