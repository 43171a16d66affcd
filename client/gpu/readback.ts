import type { TapestryError } from '../errors.ts';
import { type Device, lostError } from './device.ts';
import type { BufferRange } from './program.ts';
import { QueueEstimate } from './queue-estimate.ts';

/**
 * Reads GPU memory through staging buffers that are reused. The copy is queued before `read` returns: the values are those
 * after all earlier submits, and later submits do not affect them.
 */
export class Readback {
  readonly #device: GPUDevice;
  readonly #idle = new Map<number, GPUBuffer[]>();
  readonly #made: GPUBuffer[] = [];
  /** Rejects pending reads. A race with `device.lost` would instead add a reaction to that promise with every read. */
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

  /** Records submitted work that the next read must wait for. */
  submitted(dispatches: number): void {
    this.#estimate?.submitted(dispatches);
  }

  /** The values of a range, in a new array or in `into`. Rejects with TapestryError `device.lost`. */
  async read(range: BufferRange, into?: Float32Array<ArrayBuffer>): Promise<Float32Array<ArrayBuffer>> {
    const encoder = this.#device.createCommandEncoder({ label: 'readback' });
    const copied = this.copy(encoder, range, into);
    this.#device.queue.submit([encoder.finish()]);
    return copied();
  }

  /** Encodes the copy of a range. After the encoder's commands are submitted, call the returned function for the values. */
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
    // Sleep 1 ms less, because a timer may be late: if the work ended during the sleep, it would be measured too long.
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
    // No other code uses this staging buffer, so that mapping it fails only if the device is lost.
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
