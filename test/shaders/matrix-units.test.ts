import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Device } from '../../client/gpu/device.ts';
import { ProgramBuilder } from '../../client/gpu/program.ts';
import type { Shader } from '../../shaders/index.ts';
import { openNodeDevice } from '../gpu-node.ts';
import { Draw } from '../platform/operations/draw.ts';
import { decoded, errorOf } from '../platform/operations/encoding.ts';
import { specifications, tolerances } from '../platform/operations/index.ts';
import { runCases } from '../platform/operations/run.ts';

/**
 * What matrix-units.wgsl asks of the hardware, by 32 neighbouring invocations: operands are read where they lie in memory when
 * they are multiplied; of the sums, each has two columns in every fourth row. All else is the text that runs on the units.
 */
const emulation = vi.hoisted(
  () => `
const unit = 16u;
const subgroupLanes = 32u;
struct LeftUnit { at: u32, row: u32, k: u32 }     // in halves
struct RightUnit { at: u32, column: u32, k: u32 }
alias SumUnit = array<vec2f, 4>;

fn loadLeft(at: u32, stride: u32, turned: bool) -> LeftUnit {
  return LeftUnit(4 * at, select(4 * stride, 1, turned), select(1, 4 * stride, turned));
}

fn loadRight(at: u32, stride: u32, turned: bool) -> RightUnit {
  return RightUnit(4 * at, select(1, 4 * stride, turned), select(4 * stride, 1, turned));
}

fn half(at: u32) -> f32 {
  return unpack2x16float(memory[at / 4][at / 2 % 2])[at % 2];
}

fn addProduct(sums: SumUnit, x: LeftUnit, y: RightUnit) -> SumUnit {
  var result = sums;
  let depth = min(unit, shape.rows + unit); // not a constant: compilers would unroll the loop
  for (var k = 0u; k < depth; k++) {
    let at = y.at + k * y.k + 2 * (lane % 8) * y.column;
    let pair = vec2f(half(at), half(at + y.column));
    let left = x.at + lane / 8 * x.row + k * x.k;
    result[0] += half(left) * pair;
    result[1] += half(left + 4 * x.row) * pair;
    result[2] += half(left + 8 * x.row) * pair;
    result[3] += half(left + 12 * x.row) * pair;
  }
  return result;
}

fn storeSums(at: u32, stride: u32, sums: SumUnit) {
  let first = at + lane / 8 * stride + lane % 8;
  memory[first] = bitcast<vec2u>(sums[0]);
  memory[first + 4 * stride] = bitcast<vec2u>(sums[1]);
  memory[first + 8 * stride] = bitcast<vec2u>(sums[2]);
  memory[first + 12 * stride] = bitcast<vec2u>(sums[3]);
}
`,
);

vi.mock('../../shaders/index.ts', async (original) => {
  const real = await original<typeof import('../../shaders/index.ts')>();
  const units = readFileSync(join(import.meta.dirname, '../../shaders/matrix-units.wgsl'), 'utf8');
  const emulated = Object.entries<Shader>(real.shaders).map(([name, shader]) => {
    if (!shader.needs?.includes('matrixUnits')) return [name, shader];
    const source = shader.source
      .replace(units, emulation)
      .replaceAll(/@builtin\(subgroup_(?:id|invocation_id)\) \w+: u32,/g, '')
      .replaceAll('lane = ownLane;', 'lane = local % subgroupLanes; let index = local / subgroupLanes;');
    return [name, { ...shader, source, needs: [] }];
  });
  return { ...real, shaders: Object.fromEntries(emulated) };
});

let device: Device;
beforeAll(async () => {
  const real = await openNodeDevice();
  const unit = { rows: 16, columns: 16, depth: 16, result: 'f32' } as const;
  device = { ...real, subgroupSize: 32, matrixUnits: [unit] };
});
afterAll(() => device.close());

const usesUnits = (variant: string) => variant.startsWith('matrix units');
const withUnits = specifications.filter(({ operation }) =>
  operation.variants.some(({ name }) => usesUnits(name)),
);

test.each(withUnits.map(({ operation }) => operation.name))('%s by matrix units', async (name) => {
  const specification = withUnits.find(({ operation }) => operation.name === name);
  if (specification === undefined) throw new Error('unreachable');
  const { operation, accuracy, cases } = specification;
  const drawn = cases(new Draw(1, 'f16'));
  const variants = operation.variants.map(({ name }) => name).filter(usesUnits);
  // They differ in extents only; the small ones have one unit and several in either direction.
  for (const variant of variants.slice(0, 2)) {
    const sites = drawn.map(({ site }) => site(device, 'f16'));
    for (const { candidates } of sites)
      expect(candidates.map((candidate) => candidate.variant)).toContain(variant);
    const choices = new Map(sites.map(({ key }) => [key, variant]));
    const results = await runCases(device, new ProgramBuilder(device, { storage: 'f16', choices }), drawn);
    drawn.forEach(({ expected, given, least, shape }, i) => {
      for (const [binding, wanted] of Object.entries(expected)) {
        const result = results[i]?.get(binding);
        const before = given[binding];
        if (!result || !before) throw new Error(`${name} has no binding ${binding}`);
        const actual = decoded(result.bytes, before.encoding, 'f16');
        const what = `${variant}: ${binding} of ${shape}`;
        expect(result.within && result.repeats, what).toBe(true);
        const tolerance = tolerances[accuracy][before.encoding === 'stored' ? 'f16' : 'f32'];
        expect(errorOf(actual, wanted, before.values, least), what).toBeLessThan(tolerance);
      }
    });
  }
});
