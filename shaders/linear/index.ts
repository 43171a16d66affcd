import { type Need, type Shader, shaderOf } from '../shader.ts';
import { epilogueConstants } from './epilogues.ts';

/** A form of the linear layer: linear.wgsl, followed by files with its loops. */
const linear = (name: string, loops: readonly string[], needs: readonly Need[] = []): Shader =>
  shaderOf(name, ['linear/linear.wgsl', ...loops], { defined: epilogueConstants, needs });

/** All shaders of the linear layer; each has the layer's three products. */
export const linearShaders = {
  matmul: linear('matmul', ['linear/matmul.wgsl', 'numbers.wgsl']),
  fewRowsMatmul: linear('few-rows-matmul', ['linear/few-rows-matmul.wgsl']),
  subgroupMatmul: linear('subgroup-matmul', ['linear/subgroup-matmul.wgsl', 'numbers.wgsl'], ['subgroups']),
  quadMatmul: linear('quad-matmul', ['linear/quad-matmul.wgsl'], ['subgroups']),
  tiledMatmul: linear('tiled-matmul', ['tiles.wgsl', 'linear/tiled-matmul.wgsl']),
} as const;
