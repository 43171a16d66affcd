import { EventEmitter, once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { CreatedRun } from '../journal/replay.ts';
import type { Compute, Derived, FoldRequest, MeanRequest, WholeUpload } from '../run/compute/compute.ts';
import type { Hash } from '../wire/hex.ts';
import type { RefusalCode } from '../wire/tapestry_pb.js';
import type { Calls, ThreadPlace } from './calls.ts';
import { errorOf } from './carried-error.ts';

/** More threads than this would wait for the event loop, which receives what they check. */
const mostThreads = 4;

/** All processors but one, which the event loop needs. */
const usualThreads = () => Math.max(1, Math.min(mostThreads, availableParallelism() - 1));

/** For `Environment.computeOf`: threads that run `program`, which is compute-worker.ts or its build. */
export function computeInThreads(
  program: string | URL,
  threads = usualThreads(),
): (folder: string, run: Pick<CreatedRun, 'manifestBytes'>) => Compute {
  return (folder, { manifestBytes }) =>
    new ComputeThreads(program, threads, { folder, manifest: manifestBytes });
}

/**
 * Computes in other threads: uploads in whichever has the fewest in hand, and what concerns the state always in the first, which
 * holds it. The calls under way are bounded by those who call: see `RunLimits.payloadsInHand`.
 */
class ComputeThreads implements Compute {
  readonly #first: Thread;
  readonly #threads: readonly Thread[];

  constructor(program: string | URL, threads: number, place: ThreadPlace) {
    this.#first = new Thread(program, place);
    const others = Array.from({ length: threads - 1 }, () => new Thread(program, place));
    this.#threads = [...others, this.#first];
  }

  receive(upload: WholeUpload): Promise<RefusalCode | null> {
    const idlest = this.#threads.reduce((one, other) => (other.inHand < one.inHand ? other : one));
    return idlest.ask('receive', upload);
  }

  prepare(state: readonly Hash[]): Promise<void> {
    return this.#first.ask('prepare', state);
  }

  fold(request: FoldRequest): Promise<Derived> {
    return this.#first.ask('fold', request);
  }

  store(request: FoldRequest): Promise<void> {
    return this.#first.ask('store', request);
  }

  mean(request: MeanRequest): Promise<Float32Array<ArrayBuffer>> {
    return this.#first.ask('mean', request);
  }

  vector(hash: Hash): Promise<Float32Array<ArrayBuffer>> {
    return this.#first.ask('vector', hash);
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

/** One thread: it starts with its first call, and again with the next call after it died. It keeps no process alive while idle. */
class Thread {
  readonly #program: string | URL;
  readonly #place: ThreadPlace;
  /** Emits the answer to each call under the call's id, and an error to all that wait. */
  readonly #answers = new EventEmitter().setMaxListeners(0);
  #worker: Worker | null = null;
  #calls = 0;
  #isClosed = false;
  inHand = 0;

  constructor(program: string | URL, place: ThreadPlace) {
    this.#program = program;
    this.#place = place;
  }

  async ask<Name extends keyof Calls>(
    name: Name,
    argument: Parameters<Calls[Name]>[0],
  ): Promise<Awaited<ReturnType<Calls[Name]>>> {
    if (this.#isClosed) throw new Error('the run is closed');
    const worker = this.#worker ?? this.#start();
    const id = `call ${++this.#calls}`;
    if (this.inHand++ === 0) worker.ref();
    try {
      const answered = once(this.#answers, id);
      worker.postMessage({ id, name, argument });
      const [{ value, error }] = await answered;
      if (error !== undefined) throw errorOf(error);
      return value;
    } finally {
      if (--this.inHand === 0) worker.unref();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
  }

  #start(): Worker {
    // The options of this process are not the thread's: Node would refuse some of them.
    const worker = new Worker(this.#program, { workerData: this.#place, execArgv: [] });
    let cause: unknown;
    worker.on('message', (answer) => this.#answers.emit(answer.id, answer));
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', (code) => {
      this.#worker = null;
      if (this.inHand > 0)
        this.#answers.emit('error', new Error(`a thread of the relay ended with code ${code}`, { cause }));
    });
    this.#worker = worker;
    return worker;
  }
}
