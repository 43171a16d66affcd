import { parentPort } from 'node:worker_threads';
import { serveFunction } from '../../client/derive/function/serve-function.ts';

/** The program of the thread that runs a person's function: one call in, one result out. */
parentPort?.on('message', async (message) => parentPort?.postMessage(await serveFunction(message)));
