import { serveFunction } from '../../../client/derive/function/serve-function.ts';

/**
 * The program of the worker that runs a person's function: one call in, one result out. Its script has a policy of its own, which lets
 * it compile WebAssembly, and connect to nothing.
 */
addEventListener('message', async ({ data }) => postMessage(await serveFunction(data)));
