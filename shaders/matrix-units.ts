import attention from './attention.wgsl?raw';
import linear from './linear.wgsl?raw';
import matrixUnitAttention from './matrix-unit-attention.wgsl?raw';
import floats from './matrix-unit-floats.wgsl?raw';
import halves from './matrix-unit-halves.wgsl?raw';
import matrixUnitMatmul from './matrix-unit-matmul.wgsl?raw';
import matrixUnitTables from './matrix-unit-tables.wgsl?raw';
import units from './matrix-units.wgsl?raw';
import { attentionLayer, linearLayer, type Shader } from './shader.ts';

/** Multiplies (rows, depth) by (depth, columns), summed up in f32: one product at a time by a subgroup of so many lanes. */
export interface MatrixUnitKind {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly operands: 'f32' | 'f16';
  readonly lanes: number;
}

/** Those that there are kernels for: sizes of units must be constants of the text. */
export const matrixUnitKinds = {
  /** Apple's, from the M1 on. Those that it has for f16 would also sum up in f16. */
  '8x8x8 f32': { rows: 8, columns: 8, depth: 8, operands: 'f32', lanes: 32 },
  /** Intel's, from Xe2 on. */
  '8x16x16 f16': { rows: 8, columns: 16, depth: 16, operands: 'f16', lanes: 16 },
  /** NVIDIA's from Volta on, AMD's from RDNA 3 on. */
  '16x16x16 f16': { rows: 16, columns: 16, depth: 16, operands: 'f16', lanes: 32 },
} as const satisfies Record<string, MatrixUnitKind>;

export type MatrixUnitName = keyof typeof matrixUnitKinds;

/** The text of a kernel for these units. */
function withUnits(name: MatrixUnitName, kernel: string): string {
  const { rows, columns, depth, operands, lanes } = matrixUnitKinds[name];
  const sizes = { unitRows: rows, unitColumns: columns, unitDepth: depth, subgroupLanes: lanes };
  const constants = Object.entries(sizes).map(([constant, size]) => `const ${constant} = ${size}u;\n`);
  return kernel + constants.join('') + (operands === 'f16' ? halves : floats) + units;
}

const matmulWith = (name: MatrixUnitName) =>
  ({
    name: `matrix-unit-matmul ${name}`,
    source: withUnits(name, linear + matrixUnitMatmul),
    entryPoints: linearLayer,
    overrides: ['subgroupsX', 'subgroupsY', 'unitsX', 'unitsY', 'tileDepth'],
    needs: ['matrixUnits'],
  }) as const satisfies Shader;

const attentionWith = (name: MatrixUnitName) =>
  ({
    name: `matrix-unit-attention ${name}`,
    source: withUnits(name, attention + matrixUnitTables + matrixUnitAttention),
    entryPoints: attentionLayer,
    overrides: ['headVectors', 'subgroups', 'tile', 'tables'],
    needs: ['matrixUnits'],
  }) as const satisfies Shader;

export const matrixUnitShaders = {
  'matrixUnitMatmul 8x8x8 f32': matmulWith('8x8x8 f32'),
  'matrixUnitMatmul 8x16x16 f16': matmulWith('8x16x16 f16'),
  'matrixUnitMatmul 16x16x16 f16': matmulWith('16x16x16 f16'),
  'matrixUnitAttention 8x8x8 f32': attentionWith('8x8x8 f32'),
  'matrixUnitAttention 8x16x16 f16': attentionWith('8x16x16 f16'),
  'matrixUnitAttention 16x16x16 f16': attentionWith('16x16x16 f16'),
} as const satisfies Record<`matrixUnit${'Matmul' | 'Attention'} ${MatrixUnitName}`, Shader>;
