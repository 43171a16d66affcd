import type { Batch } from '../../client/data/batch.ts';
import { type GpuCounts, gpuCounts } from './gpu-counts.ts';
import { batches, type Workload } from './workload.ts';

/** One engine with one model in it. */
export interface Contender {
  /** The device it computes on, for people. */
  readonly adapter: string;
  /** Trained values. */
  readonly parameters: number;
  /** Bytes of GPU buffers that its steps were predicted to take; peers predict nothing. */
  readonly predictedBytes?: number;
  /** Queues one training step. */
  step(batch: Batch): void;
  /** Mean loss of the last step in nats a token; waits until everything queued is done. */
  loss(): Promise<number>;
  /** Its adapter's ceiling in GFLOP/s; null for peers, which cannot measure it. */
  ceiling?(): Promise<number>;
}

export type OpenContender = (workload: Workload) => Promise<Contender>;

/** A contender's report after its first step. */
export interface Opened {
  readonly adapter: string;
  readonly parameters: number;
  readonly predictedBytes: number | null;
  /** Opening the device, compiling, and the whole first step. */
  readonly firstStepSeconds: number;
  readonly firstLoss: number;
}

/** One turn of steps. `milliseconds` a step, for each block that was queued and then waited for; counts are the steps' own. */
export interface Turn extends GpuCounts {
  readonly steps: number;
  readonly milliseconds: readonly number[];
  /** Milliseconds of processor time a step, of all threads; null where the contender cannot tell. Other programs add little to it. */
  readonly processorMilliseconds: number | null;
  readonly loss: number;
}

/** A node queues some steps and then waits for their loss; so does every contender. */
const block = 5;

/** A contender on the stopwatch: it opens one workload and then takes turns. */
export class ContenderSession {
  readonly #openContender: OpenContender;
  readonly #processor: (() => number) | null;
  #contender: Contender | undefined;
  #batches: Generator<Batch, never> | undefined;
  /** Milliseconds to read the loss when nothing is queued: not part of a step. */
  #reading: GpuCounts = { submits: 0, dispatches: 0, peakBytes: 0 };

  /** `processor` tells the milliseconds of processor time that this process has used. */
  constructor(open: OpenContender, processor: (() => number) | null = null) {
    this.#openContender = open;
    this.#processor = processor;
  }

  async open(workload: Workload): Promise<Opened> {
    this.#batches = batches(workload);
    const { value: first } = this.#batches.next();
    const started = performance.now();
    this.#contender = await this.#openContender(workload);
    this.#contender.step(first);
    const firstLoss = await this.#contender.loss();
    const firstStepSeconds = (performance.now() - started) / 1000;
    const { adapter, parameters, predictedBytes = null } = this.#contender;
    const before = gpuCounts();
    await this.#contender.loss();
    this.#reading = since(before);
    return { adapter, parameters, predictedBytes, firstStepSeconds, firstLoss };
  }

  async turn(steps: number): Promise<Turn> {
    const [contender, source] = [this.#contender, this.#batches];
    if (contender === undefined || source === undefined) throw new Error('a workload comes first');
    const before = gpuCounts();
    const processorBefore = this.#processor?.() ?? Number.NaN;
    const milliseconds: number[] = [];
    let loss = Number.NaN;
    for (let left = steps; left > 0; left -= block) {
      const queued = Math.min(block, left);
      const data = Array.from({ length: queued }, () => source.next().value);
      const started = performance.now();
      for (const batch of data) contender.step(batch);
      loss = await contender.loss();
      milliseconds.push((performance.now() - started) / queued);
    }
    const { submits, dispatches, peakBytes } = since(before);
    return {
      steps,
      milliseconds,
      processorMilliseconds: this.#processor && (this.#processor() - processorBefore) / steps,
      loss,
      submits: submits - milliseconds.length * this.#reading.submits,
      dispatches: dispatches - milliseconds.length * this.#reading.dispatches,
      peakBytes,
    };
  }

  async ceiling(): Promise<number | null> {
    return (await this.#contender?.ceiling?.()) ?? null;
  }
}

function since(before: GpuCounts): GpuCounts {
  const { submits, dispatches, peakBytes } = gpuCounts();
  return { submits: submits - before.submits, dispatches: dispatches - before.dispatches, peakBytes };
}
