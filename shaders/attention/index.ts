import { shaderOf } from '../shader.ts';

/** All shaders of attention, including attention over a cache. */
export const attentionShaders = {
  attention: shaderOf(
    'attention',
    [
      'attention/attention.wgsl',
      'attention/attention-rows.wgsl',
      'attention/attention-tiles.wgsl',
      'numbers.wgsl',
    ],
    { constants: ['headVectors'] },
  ),
  subgroupAttention: shaderOf(
    'subgroup-attention',
    [
      'attention/attention.wgsl',
      'attention/attention-rows.wgsl',
      'attention/attention-subgroup-tiles.wgsl',
      'numbers.wgsl',
    ],
    { constants: ['headVectors'], needs: ['subgroups'] },
  ),
  quadAttention: shaderOf('quad-attention', ['attention/attention.wgsl', 'attention/quad-attention.wgsl'], {
    needs: ['subgroups'],
  }),
  tiledAttention: shaderOf('tiled-attention', ['attention/attention.wgsl', 'attention/tiled-attention.wgsl']),
  cachedAttention: shaderOf('cached-attention', ['attention/cached-attention.wgsl']),
} as const;
