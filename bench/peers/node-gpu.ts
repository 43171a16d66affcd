import { create, globals } from 'webgpu';
import { countGpu } from '../step/gpu-counts.ts';

/** Dawn aborts the process when the object that `create` returned is collected while a device of it lives. */
let dawn: GPU | undefined;

/** Gives this Node process what peers expect of a browser: `navigator.gpu` and WebGPU's classes. */
export function provideGpu(): void {
  Object.assign(globalThis, globals);
  dawn ??= create([]);
  Object.defineProperty(navigator, 'gpu', { value: dawn, configurable: true });
  countGpu();
}
