import { Worker } from 'node:worker_threads';

/**
 * The one message of a thread that gets `request`: a relay answers while the thread computes, since a token of a large model
 * takes longer than nodes and viewers may wait. Takes `request.parameters` over: they are empty afterwards. Aborting ends the
 * thread and rejects with the signal's reason.
 */
export function askThread(
  program: string,
  request: { readonly parameters: Float32Array<ArrayBuffer> },
  signal?: AbortSignal,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const worker = new Worker(program, {
      workerData: request,
      transferList: [request.parameters.buffer],
      // The options of this process are not the thread's: Node would refuse some of them.
      execArgv: [],
    });
    const abort = () => {
      reject(signal?.reason);
      void worker.terminate();
    };
    signal?.addEventListener('abort', abort, { once: true });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => {
      signal?.removeEventListener('abort', abort);
      reject(new Error(`the thread ${program} ended with code ${code} and without a result`));
    });
  });
}
