import { epilogueConstants } from '../linear/epilogues.ts';
import { type Shader, shaderOf } from '../shader.ts';

/** A subgroup with this number of lanes multiplies (rows, depth) by (depth, columns) and sums in f32. */
export interface MatrixUnitKind {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly operands: 'f32' | 'f16';
  readonly lanes: number;
}

/** The kinds that have kernels: the sizes of units must be constants of the text. */
export const matrixUnitKinds = {
  /** Apple's, from the M1 on. Its f16 units are not used because they also sum in f16. */
  '8x8x8 f32': { rows: 8, columns: 8, depth: 8, operands: 'f32', lanes: 32 },
  /** Intel's, from Xe2 on. */
  '8x16x16 f16': { rows: 8, columns: 16, depth: 16, operands: 'f16', lanes: 16 },
  /** NVIDIA's from Volta on, AMD's from RDNA 3 on. */
  '16x16x16 f16': { rows: 16, columns: 16, depth: 16, operands: 'f16', lanes: 32 },
} as const satisfies Record<string, MatrixUnitKind>;

export type MatrixUnitName = keyof typeof matrixUnitKinds;

/** The files and constants that a shader for these units needs besides its own files. */
function withUnits(name: MatrixUnitName) {
  const { rows, columns, depth, operands, lanes } = matrixUnitKinds[name];
  const operandsFile = operands === 'f16' ? 'matrix-unit-halves' : 'matrix-unit-floats';
  return {
    files: [`matrix-units/${operandsFile}.wgsl`, 'matrix-units/matrix-units.wgsl'],
    sizes: { unitRows: rows, unitColumns: columns, unitDepth: depth, subgroupLanes: lanes },
  };
}

function matmulWith(name: MatrixUnitName): Shader {
  const { files, sizes } = withUnits(name);
  const own = ['linear/linear.wgsl', 'linear/matrix-unit-matmul.wgsl'];
  const defined = { ...epilogueConstants, ...sizes };
  return shaderOf(`matrix-unit-matmul ${name}`, [...own, ...files], { defined, needs: ['matrixUnits'] });
}

function attentionWith(name: MatrixUnitName): Shader {
  const { files, sizes } = withUnits(name);
  const own = [
    'attention/attention.wgsl',
    'matrix-units/matrix-unit-tables.wgsl',
    'attention/matrix-unit-attention.wgsl',
  ];
  const needs = ['matrixUnits'] as const;
  return shaderOf(`matrix-unit-attention ${name}`, [...own, ...files], { defined: sizes, needs });
}

export const matrixUnitShaders = {
  'matrixUnitMatmul 8x8x8 f32': matmulWith('8x8x8 f32'),
  'matrixUnitMatmul 8x16x16 f16': matmulWith('8x16x16 f16'),
  'matrixUnitMatmul 16x16x16 f16': matmulWith('16x16x16 f16'),
  'matrixUnitAttention 8x8x8 f32': attentionWith('8x8x8 f32'),
  'matrixUnitAttention 8x16x16 f16': attentionWith('8x16x16 f16'),
  'matrixUnitAttention 16x16x16 f16': attentionWith('16x16x16 f16'),
} as const satisfies Record<`matrixUnit${'Matmul' | 'Attention'} ${MatrixUnitName}`, Shader>;
