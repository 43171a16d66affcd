import type { TapestryError } from '../errors.ts';
import { type Device, lostError } from './device.ts';
import type { BufferRange } from './program.ts';
import { QueueEstimate } from './queue-estimate.ts';

/**
 * Copies GPU memory back through staging buffers that are kept and used again. The copy is queued before `read`
 * returns: what comes back is the state between the submits before and after the call, whatever is submitted later.
 */
export class Readback {
  readonly #device: GPUDevice;
  readonly #idle = new Map<number, GPUBuffer[]>();
  readonly #made: GPUBuffer[] = [];
  /** Rejects what is being waited for; a race with `device.lost` would leave a reaction behind with every read. */
  readonly #waiting = new Set<(error: TapestryError) => void>();
  #lost: TapestryError | undefined;
  readonly #estimate: QueueEstimate | undefined;

  constructor(device: Device) {
    this.#device = device.device;
    if (device.software) this.#estimate = new QueueEstimate(() => performance.now());
    device.lost.then(({ message, reason }) => {
      this.#lost = lostError(message || reason);
      for (const reject of this.#waiting) reject(this.#lost);
    });
  }

  /** Tells of work that the next read has to wait for. */
  submitted(dispatches: number): void {
    this.#estimate?.submitted(dispatches);
  }

  /** A range's values, in a fresh array or in `into`. Rejects with `device.lost`. */
  async read(range: BufferRange, into?: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>> {
    const encoder = this.#device.createCommandEncoder({ label: 'readback' });
    const copied = this.copy(encoder, range, into);
    this.#device.queue.submit([encoder.finish()]);
    return copied();
  }

  /** Encodes the copy of a range: once the encoder's commands are submitted, call what it returns for the values. */
  copy(
    encoder: GPUCommandEncoder,
    range: BufferRange,
    into = new Float32Array(range.size / 4),
  ): () => Promise<Float32Array<ArrayBuffer>> {
    const staging = this.#take(range.size);
    encoder.copyBufferToBuffer(range.buffer, range.offset, staging, 0, range.size);
    return () => this.#values(staging, into);
  }

  async #values(staging: GPUBuffer, values: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>> {
    const busy = this.#estimate?.remaining() ?? 0;
    // A timer may be a millisecond late: work that ends before the sleep does would seem longer each time.
    if (busy > 2) await new Promise((resolve) => setTimeout(resolve, busy - 1));
    await this.#mapped(staging);
    this.#estimate?.drained();
    values.set(new Float32Array(staging.getMappedRange()));
    staging.unmap();
    this.#idle.get(staging.size)?.push(staging);
    return values;
  }

  async #mapped(staging: GPUBuffer): Promise<void> {
    if (this.#lost) throw this.#lost;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.add(reject);
    // A map of a staging buffer that is ours alone fails in no other way than with its device.
    staging.mapAsync(GPUMapMode.READ).then(
      () => resolve(),
      (error: unknown) => reject(lostError(error instanceof Error ? error.message : String(error))),
    );
    try {
      await promise;
    } finally {
      this.#waiting.delete(reject);
    }
  }

  #take(size: number): GPUBuffer {
    const idle = this.#idle.get(size) ?? [];
    this.#idle.set(size, idle);
    const kept = idle.pop();
    if (kept) return kept;
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const made = this.#device.createBuffer({ label: 'staging', size, usage });
    this.#made.push(made);
    return made;
  }

  close(): void {
    for (const buffer of this.#made) buffer.destroy();
  }
}
