/** How a kernel sees a buffer. */
export type BindingKind = 'uniform' | 'read' | 'write';

/** What is bound where, in group 0: name in the WGSL -> (binding number, kind). 'write' is read_write storage. */
export type Bindings = Readonly<Record<string, readonly [binding: number, kind: BindingKind]>>;

/** What a shader needs that not every adapter has. */
export type Need = 'subgroups' | 'f16' | 'matrixUnits';

/** One operation: its WGSL, and what each entry point binds. */
export interface Shader {
  readonly name: string;
  /** Reads and writes activations as `Stored`, which `sourceFor` defines, as it does the constants. */
  readonly source: string;
  readonly entryPoints: Readonly<Record<string, Bindings>>;
  /** Override constants: workgroup extents and reduction widths, chosen per adapter. */
  readonly overrides: readonly string[];
  /** Values that the text has to have as numbers, as the sizes of private arrays. */
  readonly constants?: readonly string[];
  readonly needs?: readonly Need[];
}

/** The three products of a linear layer, the same in every form of it. */
export const linearLayer = {
  forward: {
    shape: [0, 'uniform'],
    left: [1, 'read'],
    right: [2, 'read'],
    addend: [3, 'read'],
    rotation: [4, 'read'],
    product: [6, 'write'],
    activated: [7, 'write'],
  },
  backwardInput: {
    shape: [0, 'uniform'],
    left: [1, 'read'],
    right: [2, 'read'],
    projected: [5, 'read'],
    product: [6, 'write'],
  },
  backwardWeight: {
    shape: [0, 'uniform'],
    left: [1, 'read'],
    right: [2, 'read'],
    weightGradient: [8, 'write'],
  },
} as const satisfies Shader['entryPoints'];

/** Attention, the same however it reads its tiles. */
export const attentionLayer = {
  forward: { shape: [0, 'uniform'], qkv: [3, 'read'], output: [4, 'write'], logSums: [5, 'write'] },
  backwardQuery: {
    shape: [0, 'uniform'],
    rotation: [1, 'read'],
    qkv: [3, 'read'],
    savedOutput: [6, 'read'],
    savedLogSums: [7, 'read'],
    outputGradient: [8, 'read'],
    deltas: [9, 'write'],
    qkvGradient: [11, 'write'],
  },
  backwardKeyValue: {
    shape: [0, 'uniform'],
    rotation: [1, 'read'],
    qkv: [3, 'read'],
    savedLogSums: [7, 'read'],
    outputGradient: [8, 'read'],
    savedDeltas: [10, 'read'],
    qkvGradient: [11, 'write'],
  },
} as const satisfies Shader['entryPoints'];
