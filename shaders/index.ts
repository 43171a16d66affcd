import adamw from './adamw.wgsl?raw';
import attention from './attention.wgsl?raw';
import attentionRows from './attention-rows.wgsl?raw';
import attentionSubgroupTiles from './attention-subgroup-tiles.wgsl?raw';
import attentionTiles from './attention-tiles.wgsl?raw';
import cachedAttention from './cached-attention.wgsl?raw';
import crossEntropy from './cross-entropy.wgsl?raw';
import embedding from './embedding.wgsl?raw';
import fewRowsMatmul from './few-rows-matmul.wgsl?raw';
import gradientNorm from './gradient-norm.wgsl?raw';
import halve from './halve.wgsl?raw';
import linear from './linear.wgsl?raw';
import matmul from './matmul.wgsl?raw';
import { matrixUnitShaders } from './matrix-units.ts';
import muon from './muon.wgsl?raw';
import muonProducts from './muon-products.wgsl?raw';
import muonRows from './muon-rows.wgsl?raw';
import muonSubgroupRows from './muon-subgroup-rows.wgsl?raw';
import muonTiles from './muon-tiles.wgsl?raw';
import numbers from './numbers.wgsl?raw';
import quadAttention from './quad-attention.wgsl?raw';
import quadMatmul from './quad-matmul.wgsl?raw';
import rmsNorm from './rms-norm.wgsl?raw';
import { attentionLayer, linearLayer, type Need, type Shader } from './shader.ts';
import subgroupMatmul from './subgroup-matmul.wgsl?raw';
import tiledAttention from './tiled-attention.wgsl?raw';
import tiledMatmul from './tiled-matmul.wgsl?raw';
import tiles from './tiles.wgsl?raw';
import update from './update.wgsl?raw';

export type { BindingKind, Bindings, Need, Shader } from './shader.ts';

const enabled = {
  subgroups: 'enable subgroups;',
  f16: 'enable f16;',
  matrixUnits: 'enable subgroups; enable chromium_experimental_subgroup_matrix;',
} as const satisfies Record<Need, string>;

/**
 * The whole text of a shader: on one line before it, the language features it needs, four values as they are stored, and
 * its constants, of which `values` has one each.
 */
export function sourceFor(
  { source, needs = [], constants = [] }: Shader,
  storage: 'f32' | 'f16',
  values: Readonly<Record<string, number>> = {},
): string {
  const features = new Set<Need>(storage === 'f16' ? [...needs, 'f16'] : needs);
  const stored = storage === 'f16' ? 'vec4<f16>' : 'vec4<f32>';
  const head = [
    ...[...features].map((feature) => enabled[feature]),
    `alias Stored = ${stored};`,
    ...constants.map((name) => `const ${name} = ${values[name]}u;`),
  ];
  return `${head.join(' ')} ${source}`;
}

/** That text on a device whose subgroups have several sizes: what feeds matrix units asks for the one they take. */
export function sourceAsking(
  shader: Shader,
  storage: 'f32' | 'f16',
  values: Readonly<Record<string, number>> = {},
): string {
  const text = sourceFor(shader, storage, values);
  if (!shader.needs?.includes('matrixUnits')) return text;
  return `enable subgroup_size_control; ${text.replaceAll('@compute', '@compute @subgroup_size(subgroupLanes)')}`;
}

/** The products of Newton-Schulz iterations, the same however a tile is made. */
const muonProductEntries = {
  gram: { shape: [0, 'uniform'], left: [1, 'read'], right: [2, 'read'], product: [3, 'write'] },
  polynomial: {
    shape: [0, 'uniform'],
    left: [1, 'read'],
    right: [2, 'read'],
    product: [3, 'write'],
    inverseLengths: [4, 'read'],
  },
  multiply: { shape: [0, 'uniform'], left: [1, 'read'], right: [2, 'read'], product: [3, 'write'] },
} as const satisfies Shader['entryPoints'];

/** Every operation of the engine, by name. */
export const shaders = {
  embedding: {
    name: 'embedding',
    source: embedding,
    entryPoints: {
      forward: { shape: [0, 'uniform'], tokens: [1, 'read'], table: [2, 'read'], output: [3, 'write'] },
      backward: {
        shape: [0, 'uniform'],
        order: [4, 'read'],
        starts: [5, 'read'],
        outputGradient: [6, 'read'],
        tableGradient: [7, 'write'],
      },
    },
    overrides: ['lanes'],
  },
  rmsNorm: {
    name: 'rms-norm',
    source: rmsNorm,
    entryPoints: {
      forward: {
        shape: [0, 'uniform'],
        input: [1, 'read'],
        gain: [2, 'read'],
        output: [3, 'write'],
        inverse: [4, 'write'],
      },
      backward: {
        shape: [0, 'uniform'],
        input: [1, 'read'],
        gain: [2, 'read'],
        savedInverse: [5, 'read'],
        outputGradient: [6, 'read'],
        inputGradient: [7, 'write'],
      },
      backwardGain: {
        shape: [0, 'uniform'],
        input: [1, 'read'],
        savedInverse: [5, 'read'],
        outputGradient: [6, 'read'],
        gainGradient: [8, 'write'],
      },
    },
    overrides: ['lanes', 'groups'],
  },
  matmul: {
    name: 'matmul',
    source: linear + matmul + numbers,
    entryPoints: linearLayer,
    overrides: ['lanesX', 'lanesY'],
  },
  fewRowsMatmul: {
    name: 'few-rows-matmul',
    source: linear + fewRowsMatmul,
    entryPoints: { forward: linearLayer.forward },
    overrides: ['lanes', 'heldRows'],
  },
  subgroupMatmul: {
    name: 'subgroup-matmul',
    source: linear + subgroupMatmul + numbers,
    entryPoints: linearLayer,
    overrides: [],
    needs: ['subgroups'],
  },
  quadMatmul: {
    name: 'quad-matmul',
    source: linear + quadMatmul,
    entryPoints: linearLayer,
    overrides: [],
    needs: ['subgroups'],
  },
  tiledMatmul: {
    name: 'tiled-matmul',
    source: linear + tiles + tiledMatmul,
    entryPoints: linearLayer,
    overrides: ['lanesX', 'lanesY', 'quadRows', 'tileDepth'],
  },
  attention: {
    name: 'attention',
    source: attention + attentionRows + attentionTiles + numbers,
    entryPoints: attentionLayer,
    overrides: [],
    constants: ['headVectors'],
  },
  subgroupAttention: {
    name: 'subgroup-attention',
    source: attention + attentionRows + attentionSubgroupTiles + numbers,
    entryPoints: attentionLayer,
    overrides: [],
    constants: ['headVectors'],
    needs: ['subgroups'],
  },
  quadAttention: {
    name: 'quad-attention',
    source: attention + quadAttention,
    entryPoints: attentionLayer,
    overrides: ['headVectors'],
    needs: ['subgroups'],
  },
  tiledAttention: {
    name: 'tiled-attention',
    source: attention + tiledAttention,
    entryPoints: attentionLayer,
    overrides: ['headVectors', 'lanesX', 'lanesY'],
  },
  ...matrixUnitShaders,
  cachedAttention: {
    name: 'cached-attention',
    source: cachedAttention,
    entryPoints: {
      append: {
        shape: [0, 'uniform'],
        sequences: [1, 'read'],
        positions: [2, 'read'],
        qkv: [3, 'read'],
        cache: [4, 'write'],
      },
      attend: {
        shape: [0, 'uniform'],
        sequences: [1, 'read'],
        positions: [2, 'read'],
        qkv: [3, 'read'],
        savedCache: [5, 'read'],
        output: [6, 'write'],
      },
    },
    overrides: ['lanes', 'splits'],
  },
  crossEntropy: {
    name: 'cross-entropy',
    source: crossEntropy,
    entryPoints: {
      forwardBackward: {
        shape: [0, 'uniform'],
        stepValues: [1, 'uniform'],
        targets: [2, 'read'],
        logits: [3, 'write'],
        losses: [4, 'write'],
        scaling: [5, 'read'],
      },
      forwardPart: {
        shape: [0, 'uniform'],
        targets: [2, 'read'],
        logits: [3, 'write'],
        losses: [4, 'write'],
        sums: [6, 'write'],
      },
      backwardPart: {
        shape: [0, 'uniform'],
        stepValues: [1, 'uniform'],
        targets: [2, 'read'],
        logits: [3, 'write'],
        scaling: [5, 'read'],
        savedSums: [7, 'read'],
      },
    },
    overrides: ['lanes', 'groups'],
  },
  gradientNorm: {
    name: 'gradient-norm',
    source: update + gradientNorm,
    entryPoints: {
      sumSquares: { shape: [0, 'uniform'], gradient: [2, 'read'], partials: [3, 'write'] },
      clip: {
        shape: [0, 'uniform'],
        stepValues: [1, 'uniform'],
        allPartials: [4, 'read'],
        clipping: [5, 'write'],
        scaling: [6, 'write'],
      },
    },
    overrides: ['lanes'],
  },
  adamw: {
    name: 'adamw',
    source: update + adamw,
    entryPoints: {
      update: {
        shape: [0, 'uniform'],
        stepValues: [1, 'uniform'],
        gradient: [2, 'read'],
        clipping: [3, 'read'],
        rules: [4, 'read'],
        parameters: [5, 'write'],
        firstMoment: [6, 'write'],
        secondMoment: [7, 'write'],
      },
    },
    overrides: ['lanes'],
  },
  muon: {
    name: 'muon',
    source: update + muon,
    entryPoints: {
      momentum: {
        shape: [0, 'uniform'],
        stepValues: [1, 'uniform'],
        clipping: [2, 'read'],
        gradient: [3, 'read'],
        firstMoment: [4, 'write'],
        direction: [5, 'write'],
      },
      trace: { shape: [0, 'uniform'], gram: [6, 'read'], inverseLengths: [7, 'write'] },
      update: {
        shape: [0, 'uniform'],
        stepValues: [1, 'uniform'],
        clipping: [2, 'read'],
        orthogonal: [8, 'read'],
        parameters: [9, 'write'],
      },
    },
    overrides: ['lanes'],
  },
  muonProducts: {
    name: 'muon-products',
    source: muonProducts + muonRows,
    entryPoints: muonProductEntries,
    overrides: [],
  },
  subgroupMuonProducts: {
    name: 'subgroup-muon-products',
    source: muonProducts + muonSubgroupRows,
    entryPoints: muonProductEntries,
    overrides: [],
    needs: ['subgroups'],
  },
  tiledMuonProducts: {
    name: 'tiled-muon-products',
    source: muonProducts + tiles + muonTiles,
    entryPoints: muonProductEntries,
    overrides: ['lanesX', 'lanesY', 'quadRows', 'tileDepth'],
  },
  halve: {
    name: 'halve',
    source: halve,
    entryPoints: {
      halve: { shape: [0, 'uniform'], parameters: [1, 'read'], weights: [2, 'write'] },
    },
    overrides: ['lanes'],
  },
} as const satisfies Record<string, Shader>;

export type ShaderName = keyof typeof shaders;
