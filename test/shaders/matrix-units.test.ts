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
 * What matrix-units.wgsl asks of the hardware, by 32 neighbouring invocations: each has every fourth row of what is left,
 * and two columns of the sums in these rows; what is right is read when it is multiplied, where it still lies in memory then.
 * All else is the text that runs on the units.
 */
const emulation = vi.hoisted(
  () => `
const unit = 16u;
const subgroupLanes = 32u;
struct LeftUnit { columns: array<vec4f, 16> }     // for each k, the lane's four rows
struct RightUnit { at: u32, column: u32, k: u32 } // in halves
alias SumUnit = array<vec2f, 4>;

fn loadLeft(at: u32, stride: u32, turned: bool) -> LeftUnit {
  let first = 4 * at + lane / 8 * select(4 * stride, 1, turned);
  let row = select(16 * stride, 4, turned);
  var result: LeftUnit;
  let depth = min(unit, shape.rows + unit); // not a constant: compilers would unroll the loop
  for (var k = 0u; k < depth; k++) {
    let place = first + k * select(1, 4 * stride, turned);
    result.columns[k] = vec4f(half(place), half(place + row), half(place + 2 * row), half(place + 3 * row));
  }
  return result;
}

fn loadRight(at: u32, stride: u32, turned: bool) -> RightUnit {
  return RightUnit(4 * at, select(1, 4 * stride, turned), select(4 * stride, 1, turned));
}

fn half(at: u32) -> f32 {
  return unpack2x16float(memory[at / 4][at / 2 % 2])[at % 2];
}

fn addProduct(sums: SumUnit, x: LeftUnit, y: RightUnit) -> SumUnit {
  var result = sums;
  var left = x;
  let depth = min(unit, shape.rows + unit);
  for (var k = 0u; k < depth; k++) {
    let at = y.at + k * y.k + 2 * (lane % 8) * y.column;
    let pair = vec2f(half(at), half(at + y.column));
    result[0] += left.columns[k].x * pair;
    result[1] += left.columns[k].y * pair;
    result[2] += left.columns[k].z * pair;
    result[3] += left.columns[k].w * pair;
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
    const index = /@builtin\(subgroup_id\) (\w+)/.exec(shader.source)?.[1];
    const source = shader.source
      .replace(units, emulation)
      .replaceAll(/@builtin\(subgroup_(?:id|invocation_id)\) \w+: u32,/g, '')
      .replaceAll('lane = ownLane;', `lane = local % subgroupLanes; let ${index} = local / subgroupLanes;`);
    return [name, { ...shader, source, needs: ['subgroups'] }];
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
  const sites = drawn.map((one) => ({ one, ...one.site(device, 'f16') }));
  const fitting = operation.variants.flatMap(({ name }) => {
    const cases = sites.filter(({ candidates }) => candidates.some(({ variant }) => variant === name));
    return usesUnits(name) && cases.length > 0 ? [{ variant: name, cases: cases.map(({ one }) => one) }] : [];
  });
  // Variants differ in extents only. The first has few units in either direction, where a mistake may hide.
  const second = fitting[1];
  if (second === undefined) throw new Error(`${name} has less than two variants by matrix units here`);
  const { variant, cases: run } = second;
  const choices = new Map(sites.map(({ key }) => [key, variant]));
  const results = await runCases(device, new ProgramBuilder(device, { storage: 'f16', choices }), run);
  run.forEach(({ expected, given, least, shape }, i) => {
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
});
