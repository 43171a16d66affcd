import { shaderOf } from '../shader.ts';

/** Shaders of the update: the gradient's norm, the update of the parameters, and their cast to half precision. */
export const optimizerShaders = {
  gradientNorm: shaderOf('gradient-norm', ['optimizer/update.wgsl', 'optimizer/gradient-norm.wgsl']),
  adamw: shaderOf('adamw', ['optimizer/update.wgsl', 'optimizer/adamw.wgsl']),
  muon: shaderOf('muon', ['optimizer/update.wgsl', 'muon/muon.wgsl']),
  muonProducts: shaderOf('muon-products', ['muon/muon-products.wgsl', 'muon/muon-rows.wgsl']),
  subgroupMuonProducts: shaderOf(
    'subgroup-muon-products',
    ['muon/muon-products.wgsl', 'muon/muon-subgroup-rows.wgsl'],
    { needs: ['subgroups'] },
  ),
  tiledMuonProducts: shaderOf('tiled-muon-products', [
    'muon/muon-products.wgsl',
    'tiles.wgsl',
    'muon/muon-tiles.wgsl',
  ]),
  castF16: shaderOf('cast-f16', ['optimizer/cast-f16.wgsl']),
} as const;
