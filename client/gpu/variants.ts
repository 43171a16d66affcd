import type { ShaderName } from '../../shaders/index.ts';
import type { Device } from './device.ts';

/** Values of a shader's override constants. */
export type Overrides = Readonly<Record<string, number>>;

/** Which form of each kernel this adapter runs. */
export interface Variants extends Readonly<Record<ShaderName, Overrides>> {
  /** Which of two shaders multiplies matrices, and which attends. */
  readonly linear: 'matmul' | 'subgroupMatmul';
  readonly attend: 'attention' | 'subgroupAttention';
}

/** A CPU runs one workgroup a thread in vectors of 8: small workgroups, a row a lane, no barriers. */
const processor: Variants = {
  linear: 'matmul',
  attend: 'attention',
  embedding: { lanes: 64 },
  rmsNorm: { lanes: 1, groups: 8 },
  matmul: { lanesX: 8, lanesY: 1 },
  subgroupMatmul: {},
  attention: { lanes: 8, rotateLanes: 64 },
  subgroupAttention: { lanes: 8, rotateLanes: 64 },
  swiglu: { lanes: 64 },
  crossEntropy: { lanes: 1, groups: 8 },
  gradientNorm: { lanes: 8 },
  adamw: { lanes: 64 },
};

/** A GPU wants whole warps, and many lanes to a row. */
const graphics: Variants = {
  linear: 'matmul',
  attend: 'attention',
  embedding: { lanes: 64 },
  rmsNorm: { lanes: 32, groups: 4 },
  matmul: { lanesX: 8, lanesY: 8 },
  subgroupMatmul: {},
  attention: { lanes: 32, rotateLanes: 64 },
  subgroupAttention: { lanes: 8, rotateLanes: 64 },
  swiglu: { lanes: 64 },
  crossEntropy: { lanes: 64, groups: 1 },
  gradientNorm: { lanes: 64 },
  adamw: { lanes: 64 },
};

export function variantsFor({ software, subgroupSize }: Pick<Device, 'software' | 'subgroupSize'>): Variants {
  if (!software) return graphics;
  if (subgroupSize !== 8) return processor;
  return { ...processor, linear: 'subgroupMatmul', attend: 'subgroupAttention' };
}
