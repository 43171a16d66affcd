import fc from 'fast-check';
import { expect } from 'vitest';
import type { Device } from '../../client/gpu/device.ts';
import { type BufferRange, ProgramBuilder, whole } from '../../client/gpu/program.ts';
import { Readback } from '../../client/gpu/readback.ts';
import { Random } from '../../client/random.ts';
import { relativeError } from '../platform/step.ts';

type Values = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/**
 * Records dispatches over buffers holding `values`, runs them once, and returns what every buffer holds then.
 * The one named `stepValues` is a uniform.
 */
export async function runOperation<Name extends string>(
  device: Device,
  values: Readonly<Record<Name, Values>>,
  record: (program: ProgramBuilder, buffers: Readonly<Record<Name, BufferRange>>) => void,
): Promise<(name: Name) => Float32Array<ArrayBuffer>> {
  const gpu = device.device;
  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const names = Object.keys(values).filter((name): name is Name => name in values);
  const made = names.map((name): [Name, BufferRange] => {
    const usage = (name === 'stepValues' ? UNIFORM : STORAGE) | COPY_SRC | COPY_DST;
    const buffer = gpu.createBuffer({ label: name, size: values[name].byteLength, usage });
    gpu.queue.writeBuffer(buffer, 0, values[name]);
    return [name, whole(buffer)];
  });
  const builder = new ProgramBuilder(device);
  record(builder, recordOf(made));
  const program = await builder.build(device);
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  program.encode(pass);
  pass.end();
  gpu.queue.submit([encoder.finish()]);
  const readback = new Readback(device);
  const read = made.map(async ([name, range]) => [name, await readback.read(range)] as const);
  const results = new Map(await Promise.all(read));
  program.close();
  readback.close();
  for (const [, { buffer }] of made) buffer.destroy();
  return (name) => results.get(name) ?? new Float32Array();
}

/** The entries as an object, with their names kept in its type. */
function recordOf<Name extends string, Value>(
  entries: readonly (readonly [Name, Value])[],
): Record<Name, Value> {
  // The type of fromEntries forgets the names.
  return Object.fromEntries(entries) as Record<Name, Value>;
}

/** The device presented as a CPU adapter with or without subgroups and as a GPU: each guesses its own kernel variants. */
export function allVariants(device: Device): readonly Device[] {
  const without = [true, false].map((software) => ({ ...device, software, subgroupSize: 0 }));
  return device.subgroupSize === 8 ? [device, ...without] : without;
}

/** Normally distributed values. */
export function randomValues(random: Random, length: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, () => random.normal());
}

/** Runs `check` on random shapes, each extent from 1 to its bound, with a seed of its own. */
export function onRandomShapes<Name extends string>(
  bounds: Readonly<Record<Name, number>>,
  check: (shape: Record<Name, number>, random: Random) => Promise<void>,
): Promise<void> {
  const seeds = fc.asyncProperty(fc.nat(), (seed) => {
    const random = Random.seeded(seed);
    const names = Object.keys(bounds).filter((name): name is Name => name in bounds);
    const shape = recordOf(names.map((name) => [name, 1 + random.below(bounds[name])] as const));
    return check(shape, random);
  });
  return fc.assert(seeds, { numRuns: 6, endOnFailure: true });
}

export function expectClose(actual: Float32Array, expected: Float64Array, tolerance = 2e-6): void {
  expect(actual.length).toBe(expected.length);
  expect(relativeError(actual, expected)).toBeLessThan(tolerance);
}
