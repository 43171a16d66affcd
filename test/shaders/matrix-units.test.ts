import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Device, openDevice } from '../../client/gpu/device.ts';
import { ProgramBuilder } from '../../client/gpu/program.ts';
import { unitNames } from '../../client/model/operations/matrix-units.ts';
import { matrixUnitKinds } from '../../shaders/matrix-units/matrix-units.ts';
import type { Precision } from '../../shaders/shader.ts';
import type { Case } from '../platform/operations/case.ts';
import { Draw } from '../platform/operations/draw.ts';
import { decoded, errorOf } from '../platform/operations/encoding.ts';
import { type Specification, specifications, tolerances } from '../platform/operations/index.ts';
import { runCases } from '../platform/operations/run.ts';
import { nodeGpu } from '../support/gpu-node.ts';
import { mostBytes, mostWorkgroups } from './matrix-unit-emulation.ts';

vi.mock('../../shaders/index.ts', async (original) => {
  const { withEmulatedUnits } = await import('./matrix-unit-emulation.ts');
  const real = await original<typeof import('../../shaders/index.ts')>();
  return { ...real, shaders: withEmulatedUnits(real.shaders) };
});

let real: Device;
beforeAll(async () => {
  // lavapipe must not optimize, because each kernel runs for milliseconds only.
  process.env['GALLIVM_PERF'] = 'nopt';
  real = await openDevice(withMoreBindings(nodeGpu()));
});
afterAll(() => real.close());

/** The emulation binds memory besides a kernel's own bindings, which may already be as many as every adapter has. */
function withMoreBindings(gpu: GPU): GPU {
  const requestReal = gpu.requestAdapter.bind(gpu);
  const requestAdapter: GPU['requestAdapter'] = async (options) => {
    const adapter = await requestReal(options);
    if (adapter === null) return null;
    const request = adapter.requestDevice.bind(adapter);
    const more = { maxStorageBuffersPerShaderStage: 9 };
    adapter.requestDevice = (descriptor = {}) =>
      request({ ...descriptor, requiredLimits: { ...descriptor.requiredLimits, ...more } });
    return adapter;
  };
  return Object.assign(gpu, { requestAdapter });
}

/** A linear layer's three products, and attention's three parts. */
const withUnits = specifications.filter(({ operation }) =>
  operation.variants.some(({ name }) => name.startsWith('matrix units')),
);

const kinds = unitNames.flatMap((units) => {
  const { operands } = matrixUnitKinds[units];
  const storages: readonly Precision[] = operands === 'f32' ? ['f32', 'f16'] : ['f16'];
  return storages.map((storage) => ({ units, storage }));
});

describe.each(kinds)('units of $units, $storage stored', ({ units, storage }) => {
  const { rows, columns, depth, operands, lanes } = matrixUnitKinds[units];
  const adapter = () => ({
    ...real,
    subgroupSize: lanes,
    matrixUnits: [{ rows, columns, depth, operands, result: 'f32' } as const],
    workgroupBytes: mostBytes,
  });

  // Compiling takes seconds, so each tile is tried by one of the three parts, and each part with some tile.
  const runs = withUnits.flatMap((specification, third) =>
    specification.operation.variants
      .filter(({ name }) => name.includes(units))
      .filter((_, i) => i % 3 === third % 3)
      .map(({ name }) => ({ operation: specification.operation.name, variant: name, specification })),
  );
  test.each(runs)('$operation by $variant', async ({ variant, specification }) => {
    await compare(adapter(), storage, specification, variant);
  });
});

async function compare(
  device: Device,
  storage: Precision,
  { accuracy, cases }: Specification,
  variant: string,
): Promise<void> {
  const choices = new Map<string, string>();
  const fitting = cases(new Draw(1, storage)).flatMap((one): Case[] => {
    const site = one.site(device, storage);
    const candidate = site.candidates.find(({ variant: name }) => name === variant);
    if (candidate === undefined) return [];
    choices.set(site.key, variant);
    expect(candidate.workgroups.every((count, axis) => count <= (mostWorkgroups[axis] ?? 0))).toBe(true);
    const words = (mostBytes / 4) * mostWorkgroups.reduce((product, count) => product * count, 1);
    const record: Case['record'] = (program, bindings) =>
      one.record(program, { ...bindings, memory: program.activation(words) });
    return [{ ...one, record }];
  });
  expect(fitting.length).toBeGreaterThan(0);
  const results = await runCases(device, new ProgramBuilder(device, { storage, choices }), fitting);
  fitting.forEach(({ expected, given, least, shape }, i) => {
    for (const [binding, wanted] of Object.entries(expected)) {
      const result = results[i]?.get(binding);
      const before = given[binding];
      if (!result || !before) throw new Error(`no binding ${binding}`);
      const actual = decoded(result.bytes, before.encoding, storage);
      const what = `${binding} of ${shape}`;
      expect(result.within && result.repeats, what).toBe(true);
      const tolerance = tolerances[accuracy][before.encoding === 'stored' ? storage : 'f32'];
      expect(errorOf(actual, wanted, before.values, least), what).toBeLessThan(tolerance);
    }
  });
}
