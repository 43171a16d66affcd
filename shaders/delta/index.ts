import { shaderOf } from '../shader.ts';

const choosing = ['delta/chunks.wgsl', 'delta/choose.wgsl'];

/** Shaders of the encoding of a node's delta. */
export const deltaShaders = {
  compensate: shaderOf('compensate', ['delta/compensate.wgsl']),
  chooseAlone: shaderOf('choose-alone', [...choosing, 'delta/choose-alone.wgsl']),
  chooseTogether: shaderOf('choose-together', [...choosing, 'delta/choose-together.wgsl']),
  leave: shaderOf('leave', ['delta/chunks.wgsl', 'delta/leave.wgsl']),
} as const;
