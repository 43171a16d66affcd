import type { Isolate } from '../../runtime.ts';

/** A worker of a page as a thread that answers each message by one. The worker must be new, and belongs to the thread from then on. */
export function browserIsolate(worker: Worker): Isolate {
  let waiting: PromiseWithResolvers<unknown> | null = null;
  const fail = (why: string) => {
    waiting?.reject(new Error(why));
    waiting = null;
  };
  worker.onmessage = ({ data }) => {
    waiting?.resolve(data);
    waiting = null;
  };
  worker.onmessageerror = () => fail('the thread sent what cannot be read');
  // A worker goes on after an error, and then would answer nothing.
  worker.onerror = (event) => {
    event.preventDefault();
    fail('the thread failed');
  };
  return {
    ask(message) {
      if (waiting !== null) throw new Error('the thread is being asked already');
      waiting = Promise.withResolvers();
      const { promise } = waiting;
      worker.postMessage(message);
      return promise;
    },
    end() {
      worker.terminate();
      fail('the thread ended');
    },
  };
}
