import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unitNames } from '../../client/model/operations/matrix-units.ts';
import {
  type MatrixUnitName,
  matrixUnitKinds,
  matrixUnitShaders,
} from '../../shaders/matrix-units/matrix-units.ts';
import { Shader } from '../../shaders/shader.ts';

const units = readFileSync(join(import.meta.dirname, '../../shaders/matrix-units/matrix-units.wgsl'), 'utf8');

/** The layout of operands and sums in elements of `memory`: a word packs several operands, and two sums are stored at once. */
const accesses = {
  f16: `
const wordOperands = 2u;
fn wordAt(at: u32) -> u32 {
  return memory[at / 4][at / 2 % 2];
}
fn operandOf(word: u32, at: u32) -> f32 {
  return unpack2x16float(word)[at % 2];
}
fn wordOf(at: u32, step: u32) -> u32 {
  return pack2x16float(vec2f(operandAt(at), operandAt(at + step)));
}
fn putPair(at: u32, pair: u32, sums: vec2f) {
  memory[at + pair] = bitcast<vec2u>(sums);
}
`,
  f32: `
const wordOperands = 1u;
fn wordAt(at: u32) -> u32 {
  return bitcast<u32>(memory[at / 4][at % 4]);
}
fn operandOf(word: u32, at: u32) -> f32 {
  return bitcast<f32>(word);
}
fn wordOf(at: u32, step: u32) -> u32 {
  return wordAt(at);
}
fn putPair(at: u32, pair: u32, sums: vec2f) {
  memory[at + pair / 2][pair % 2 * 2] = sums.x;
  memory[at + pair / 2][pair % 2 * 2 + 1] = sums.y;
}
`,
} as const;

/**
 * Emulates the hardware functions of matrix-units.wgsl with as many neighbouring invocations: each holds two columns of the
 * sums in some rows, and these rows of the left operand; the right operand is read from memory when it is multiplied.
 */
const emulation = `
const unitPairs = unitColumns / 2;
const rowStep = subgroupLanes / unitPairs;
const laneRows = unitRows / rowStep;
const rowWords = unitDepth / wordOperands;
struct LeftUnit { words: array<array<u32, laneRows>, rowWords> } // for some k, the lane's rows
struct RightUnit { at: u32, column: u32, k: u32 }                // in operands
alias SumUnit = array<vec2f, laneRows>;

fn operandAt(at: u32) -> f32 {
  return operandOf(wordAt(at), at);
}

// Compilers do not know these values and so do not unroll the loops.
fn unknown(bound: u32) -> u32 {
  return bound * min(shape.rows, 1);
}

fn loadLeft(at: u32, stride: u32, transposed: bool) -> LeftUnit {
  let first = 4 * at;
  let row = select(4 * stride, 1, transposed);
  let column = select(1, 4 * stride, transposed);
  var result: LeftUnit;
  for (var word = 0u; word < unknown(rowWords); word++) {
    for (var i = 0u; i < unknown(laneRows); i++) {
      let start = first + (lane / unitPairs + i * rowStep) * row + word * wordOperands * column;
      result.words[word][i] = wordOf(start, column);
    }
  }
  return result;
}

fn loadRight(at: u32, stride: u32, transposed: bool) -> RightUnit {
  return RightUnit(4 * at, select(1, 4 * stride, transposed), select(4 * stride, 1, transposed));
}

fn addProduct(sums: SumUnit, x: LeftUnit, y: RightUnit) -> SumUnit {
  var result = sums;
  var left = x;
  for (var k = 0u; k < unknown(unitDepth); k++) {
    let at = y.at + k * y.k + 2 * (lane % unitPairs) * y.column;
    let pair = vec2f(operandAt(at), operandAt(at + y.column));
    for (var i = 0u; i < unknown(laneRows); i++) {
      result[i] += operandOf(left.words[k / wordOperands][i], k) * pair;
    }
  }
  return result;
}

fn storeSums(at: u32, stride: u32, sums: SumUnit) {
  var values = sums;
  for (var i = 0u; i < unknown(laneRows); i++) {
    putPair(at + (lane / unitPairs + i * rowStep) * stride, lane % unitPairs, values[i]);
  }
}
`;

/** The largest number of workgroups of a dispatch: each has its own part of the binding that replaces workgroup memory. */
export const mostWorkgroups = [16, 16, 4] as const;
/** Bytes of each part at most. */
export const mostBytes = 49_152;

/**
 * The same kernel with its units emulated. Its workgroup memory is a binding, because adapters without units may have less of
 * it than adapters with units; accesses out of bounds are clamped as there. All other text is the kernel's own.
 */
function emulated(name: MatrixUnitName, shader: Shader): Shader {
  const index = /@builtin\(subgroup_id\) (\w+)/.exec(shader.source)?.[1];
  const [x, y] = mostWorkgroups;
  const enter = `
  lane = local % subgroupLanes;
  slice = (group.x + ${x} * (group.y + ${y} * group.z)) * memorySize;
  let ${index} = local / subgroupLanes;`;
  const memory = `
override memorySize = $2;
@group(0) @binding(15) var<storage, read_write> memory: array<$1>;
var<private> slice: u32;`;
  const source = shader.source
    .replaceAll(/(for \(var \w+ = [^;]+; \w+ < )([^;]+);/g, '$1unknown($2);')
    .replaceAll(/const most(Depths|Columns) = 128/g, 'const most$1 = 32')
    .replace(units, accesses[matrixUnitKinds[name].operands] + emulation)
    .replaceAll(/@builtin\(subgroup_(?:id|invocation_id)\) \w+: u32,/g, '')
    .replaceAll('lane = ownLane;', enter)
    .replaceAll(/(?<=\W)memory\[([^[\]]+)\]/g, 'memory[slice + min($1, memorySize - 1)]')
    .replace(/var<workgroup> memory: array<(\w+), ([^;]+)>;/, memory)
    .replaceAll('workgroupBarrier();', 'storageBarrier(); workgroupBarrier();');
  return new Shader({ ...shader, parts: [{ file: 'emulated', text: source }], needs: ['subgroups'] });
}

/** All shaders; those for matrix units have their units emulated. */
export function withEmulatedUnits(shaders: Readonly<Record<string, Shader>>): Record<string, Shader> {
  const all = Object.entries(shaders).map(([key, shader]): [string, Shader] => {
    const units = unitNames.find((name) => key in matrixUnitShaders && key.endsWith(name));
    return [key, units === undefined ? shader : emulated(units, shader)];
  });
  return Object.fromEntries(all);
}
