import { Worker } from 'node:worker_threads';
import type { Isolate } from '../../runtime.ts';

/**
 * Starts a thread of Node with a program, which answers each message by one. It gets neither the environment nor the options of this
 * process.
 */
export function nodeIsolate(program: string | URL): Isolate {
  const worker = new Worker(program, { execArgv: [], env: {}, stdin: false, stdout: true, stderr: true });
  // A process may end while the thread waits.
  worker.unref();
  let waiting: PromiseWithResolvers<unknown> | null = null;
  const fail = (error: unknown) => {
    waiting?.reject(error);
    waiting = null;
  };
  worker.on('message', (message) => {
    waiting?.resolve(message);
    waiting = null;
  });
  worker.on('error', fail);
  worker.on('exit', () => fail(new Error('the thread ended')));
  return {
    ask(message) {
      if (waiting !== null) throw new Error('the thread is being asked already');
      waiting = Promise.withResolvers();
      const { promise } = waiting;
      worker.postMessage(message);
      return promise;
    },
    end: () => void worker.terminate(),
  };
}
