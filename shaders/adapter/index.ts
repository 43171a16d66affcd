import { epilogueConstants } from '../linear/epilogues.ts';
import { shaderOf } from '../shader.ts';

/** Shaders of low-rank adapters. */
export const adapterShaders = {
  pack: shaderOf('pack', ['adapter/pack.wgsl']),
  dropout: shaderOf('dropout', ['adapter/dropout.wgsl']),
  rowLengths: shaderOf('row-lengths', ['adapter/row-lengths.wgsl']),
  magnitude: shaderOf('magnitude', ['linear/linear.wgsl', 'adapter/magnitude.wgsl'], {
    defined: epilogueConstants,
  }),
} as const;
