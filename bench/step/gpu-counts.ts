/** This process's WebGPU calls since `countGpu`, of any library. */
export interface GpuCounts {
  readonly submits: number;
  readonly dispatches: number;
  /** The most bytes that buffers held at once. */
  readonly peakBytes: number;
}

let submits = 0;
let dispatches = 0;
let bytes = 0;
let peakBytes = 0;
let counts = false;

export function gpuCounts(): GpuCounts {
  return { submits, dispatches, peakBytes };
}

/**
 * Counts every submit, dispatch and buffer from here on. The runtime's WebGPU classes must be globals by now. A second
 * call counts nothing twice: the peak begins at the bytes that are held.
 */
export function countGpu(): void {
  peakBytes = bytes;
  if (counts) return;
  counts = true;
  const { submit } = GPUQueue.prototype;
  GPUQueue.prototype.submit = function (commands) {
    submits++;
    return submit.call(this, commands);
  };
  const { dispatchWorkgroups, dispatchWorkgroupsIndirect } = GPUComputePassEncoder.prototype;
  GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...counts) {
    dispatches++;
    return dispatchWorkgroups.apply(this, counts);
  };
  GPUComputePassEncoder.prototype.dispatchWorkgroupsIndirect = function (...place) {
    dispatches++;
    return dispatchWorkgroupsIndirect.apply(this, place);
  };
  const held = new WeakMap<GPUBuffer, number>();
  const { createBuffer } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    held.set(buffer, descriptor.size);
    bytes += descriptor.size;
    peakBytes = Math.max(peakBytes, bytes);
    return buffer;
  };
  const { destroy } = GPUBuffer.prototype;
  GPUBuffer.prototype.destroy = function () {
    bytes -= held.get(this) ?? 0;
    held.delete(this);
    return destroy.call(this);
  };
}
