import type { Device } from '../../../client/gpu/device.ts';
import type { ProgramBuilder } from '../../../client/gpu/program.ts';
import { Readback } from '../../../client/gpu/readback.ts';
import type { Case } from './case.ts';
import { encoded } from './encoding.ts';

/** The content of a written binding after the run. */
export interface Result {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether nothing was written beyond its end. */
  readonly within: boolean;
  /** Whether a second run gave the same bits. */
  readonly repeats: boolean;
}

/** The size of the guard behind each written binding, which is bound with it. */
const guardBytes = 256;
const alignment = 256;

/** Runs all cases in one submit, twice. For each case, what its shader may write (bound as 'write'), by name. */
export async function runCases(
  device: Device,
  program: ProgramBuilder,
  cases: readonly Case[],
): Promise<Map<string, Result>[]> {
  const gpu = device.device;
  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
  // WebGPU does not let a dispatch read and write the same buffer.
  const memory = { read: new Packed(), written: new Packed() };
  const places = cases.map(({ given, expected }) =>
    Object.entries(given).map(([name, values]) => {
      const bytes = encoded(values, program.storage);
      const where = name in expected ? 'written' : 'read';
      const place = memory[where].add(bytes, where === 'written' ? guardBytes : 0);
      return { name, where, length: bytes.length, ...place } as const;
    }),
  );
  const made = (label: 'read' | 'written', usage: number) =>
    gpu.createBuffer({ label, size: memory[label].length, usage: usage | STORAGE | COPY_DST });
  const buffers = { read: made('read', UNIFORM), written: made('written', COPY_SRC) };
  cases.forEach((one, i) => {
    const bindings = (places[i] ?? []).map(({ name, where, offset, size }) => {
      return [name, { buffer: buffers[where], offset, size }];
    });
    one.record(program, Object.fromEntries(bindings));
  });
  const built = await program.build(device);
  const readback = new Readback(device);
  const run = async () => {
    gpu.pushErrorScope('validation');
    gpu.queue.writeBuffer(buffers.read, 0, memory.read.bytes());
    gpu.queue.writeBuffer(buffers.written, 0, memory.written.bytes());
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    built.encode(pass);
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    const problem = await gpu.popErrorScope();
    if (problem !== null) throw new Error(problem.message);
    const range = { buffer: buffers.written, offset: 0, size: buffers.written.size };
    return new Uint8Array((await readback.read(range)).buffer);
  };
  const first = await run();
  const second = await run();
  built.close();
  readback.close();
  buffers.read.destroy();
  buffers.written.destroy();
  return places.map((bindings) => {
    const results = bindings.flatMap(({ name, where, offset, length, size }): [string, Result][] => {
      if (where === 'read') return [];
      const bytes = first.slice(offset, offset + length);
      const again = second.subarray(offset, offset + length);
      const guard = first.subarray(offset + length, offset + size);
      const within = guard.every((byte) => byte === guardByte);
      return [[name, { bytes, within, repeats: bytes.every((byte, i) => byte === again[i]) }]];
    });
    return new Map(results);
  });
}

/** A word that is NaN in every format. */
const guardByte = 0xff;

/** Values that will lie in one buffer, each where a binding may begin. */
class Packed {
  readonly #parts: { offset: number; bytes: Uint8Array }[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds values with a guard behind them; returns the place of both. */
  add(bytes: Uint8Array, guard: number): { offset: number; size: number } {
    const offset = this.#length;
    const size = bytes.length + guard;
    this.#parts.push({ offset, bytes });
    this.#length = Math.ceil((offset + size) / alignment) * alignment;
    return { offset, size };
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#length).fill(guardByte);
    for (const { offset, bytes } of this.#parts) all.set(bytes, offset);
    return all;
  }
}
