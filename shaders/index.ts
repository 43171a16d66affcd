import { adapterShaders } from './adapter/index.ts';
import { attentionShaders } from './attention/index.ts';
import { deltaShaders } from './delta/index.ts';
import { linearShaders } from './linear/index.ts';
import { matrixUnitShaders } from './matrix-units/matrix-units.ts';
import { objectiveShaders } from './objective/index.ts';
import { optimizerShaders } from './optimizer/index.ts';
import { shaderOf } from './shader.ts';

/** Every operation of the engine, by name. */
export const shaders = {
  embedding: shaderOf('embedding', ['embedding.wgsl']),
  rmsNorm: shaderOf('rms-norm', ['rms-norm.wgsl']),
  score: shaderOf('score', ['score.wgsl']),
  dequantize: shaderOf('dequantize', ['dequantize.wgsl']),
  crossEntropy: shaderOf('cross-entropy', ['cross-entropy.wgsl']),
  ...linearShaders,
  ...attentionShaders,
  ...matrixUnitShaders,
  ...optimizerShaders,
  ...objectiveShaders,
  ...adapterShaders,
  ...deltaShaders,
} as const;

export type ShaderName = keyof typeof shaders;
