import { shaderOf } from '../shader.ts';

/** Shaders of losses over several rows, between the halves of a step. */
export const objectiveShaders = {
  preference: shaderOf('preference', ['objective/objective.wgsl', 'objective/preference.wgsl']),
  kto: shaderOf('kto', ['objective/objective.wgsl', 'objective/kto.wgsl']),
  reward: shaderOf('reward', ['objective/objective.wgsl', 'objective/reward.wgsl']),
  divergence: shaderOf('divergence', ['objective/objective.wgsl', 'objective/divergence.wgsl']),
  policy: shaderOf('policy', ['objective/objective.wgsl', 'objective/policy.wgsl']),
} as const;
