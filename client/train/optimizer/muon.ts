import { hasLanesOfEight } from '../../gpu/device.ts';
import type { FlatVector } from '../../gpu/flat-vector.ts';
import type { Operation } from '../../gpu/operation.ts';
import { type Activation, type BufferRange, floatBits, type ProgramBuilder } from '../../gpu/program.ts';
import { flat } from '../../model/operations/grid.ts';
import { type Extent, tiledVariants, tilesOf } from '../../model/operations/tiles.ts';
import type { TensorPlace } from '../../model/parameters.ts';

/** True if Muon trains a tensor: the layers' matrices, but not embedding, head, gains and adapters. */
export function isHiddenMatrix({ name, shape }: TensorPlace): boolean {
  return shape.length === 2 && name.startsWith('model.layers.') && !/\.lora_[AB]\./.test(name);
}

/** One matrix of the flat vector and its place in a stack. */
export interface MuonPlaceShape {
  /** Extents of the stack's matrices: rows <= columns, both multiples of 4. */
  readonly rows: number;
  readonly columns: number;
  /** The element of the stack at which the matrix begins. */
  readonly start: number;
  /** True if the matrix is (columns, rows) in the flat vector. */
  readonly transposed: boolean;
  /** Factor of the orthogonal matrix; only for the update. */
  readonly scale?: number;
}

/** A stack of matrices (matrices, rows, columns). */
export interface MuonStackShape {
  readonly matrices: number;
  readonly rows: number;
  readonly columns: number;
  /** True if the polynomial also normalises; only for the polynomial. */
  readonly first?: boolean;
}

const lanes = 64;

const place = (entry: 'momentum' | 'update'): Operation<MuonPlaceShape> => ({
  name: `muon-${entry}`,
  words: ({ rows, columns, start, transposed, scale = 0 }) => [
    rows,
    columns,
    start,
    Number(transposed),
    floatBits(scale),
  ],
  variants: [
    {
      name: 'flat',
      shader: 'muon',
      entry,
      overrides: () => ({ lanes }),
      workgroups: ({ rows, columns }) => flat((rows * columns) / 4, lanes),
      fits: () => true,
      prefers: 'any',
    },
  ],
});

/** A product of `width` columns. */
const product = (
  entry: 'gram' | 'polynomial' | 'multiply',
  width: (shape: MuonStackShape) => number,
): Operation<MuonStackShape> => {
  const extentOf = (shape: MuonStackShape): Extent => ({ ...shape, columns: width(shape) });
  const byRows = (rows: number) =>
    ({
      entry,
      overrides: () => ({}),
      workgroups: (shape: MuonStackShape) => tilesOf(extentOf(shape), { rows, columns: 32 }),
    }) as const;
  return {
    name: `muon-${entry}`,
    words: ({ rows, columns, first = false }) => [rows, columns, Number(first)],
    variants: [
      { ...byRows(8), name: 'rows', shader: 'muonProducts', prefers: 'any', fits: () => true },
      {
        ...byRows(16),
        name: 'subgroup',
        shader: 'subgroupMuonProducts',
        prefers: 'processor',
        fits: hasLanesOfEight,
      },
      ...tiledVariants('tiledMuonProducts', entry, extentOf),
    ],
  };
};

/** Bindings: stepValues, clipping, gradient, firstMoment, direction (the stack). */
export const muonMomentum = place('momentum');
/** Bindings: left X, right X, product (matrices, rows, rows). */
export const muonGram = product('gram', ({ rows }) => rows);
/** Bindings: gram (matrices, rows, rows), inverseLengths (matrices). */
export const muonTrace: Operation<MuonStackShape> = {
  name: 'muon-trace',
  words: ({ rows, columns }) => [rows, columns],
  variants: [
    {
      name: 'a workgroup a matrix',
      shader: 'muon',
      entry: 'trace',
      overrides: () => ({ lanes }),
      workgroups: ({ matrices }) => [matrices, 1, 1],
      fits: () => true,
      prefers: 'any',
    },
  ],
};
/** Bindings: left G, right G, product P (matrices, rows, rows), inverseLengths (matrices). */
export const muonPolynomial = product('polynomial', ({ rows }) => rows);
/** Bindings: left P, right X, product (matrices, rows, columns). */
export const muonMultiply = product('multiply', ({ columns }) => columns);
/** Bindings: stepValues, clipping, orthogonal (the stack), parameters. */
export const muonUpdate = place('update');

const iterations = 5;

/** This many 64 x 64 tiles of Gram matrices keep any graphics card busy: more matrices in a stack only take memory. */
const stackTiles = 1024;

export interface MuonBuffers {
  readonly parameters: FlatVector;
  readonly gradient: FlatVector;
  readonly firstMoment: FlatVector;
  readonly clipping: BufferRange;
  readonly stepValues: BufferRange;
}

/**
 * Records Muon's update of the layers' matrices, in stacks of matrices with the same shape; the program's storage is f32.
 * An update is 0.2 sqrt(max(rows, columns)) times an orthogonal matrix: as large as AdamW's (Liu et al. 2025, arXiv
 * 2502.16982).
 */
export function recordMuon(
  program: ProgramBuilder,
  buffers: MuonBuffers,
  tensors: readonly TensorPlace[],
  maxBindingBytes: number,
): void {
  const { stepValues, clipping } = buffers;
  for (const stack of stacksOf(tensors.filter(isHiddenMatrix), maxBindingBytes)) {
    const { rows, columns, matrices } = stack;
    const direction = program.activation(matrices.length * rows * columns);
    const placed = matrices.map(({ offset, size, shape: [height = 0] }, i) => ({
      shape: { rows, columns, start: i * size, transposed: height > rows },
      range: (name: 'parameters' | 'gradient' | 'firstMoment') => buffers[name].range(offset, size),
    }));
    for (const { shape, range } of placed) {
      const [gradient, firstMoment] = [range('gradient'), range('firstMoment')];
      program.record(muonMomentum, shape, { stepValues, clipping, gradient, firstMoment, direction });
    }
    const shape = { rows, columns, matrices: matrices.length };
    const orthogonal = orthogonalized(program, direction, shape);
    const scale = 0.2 * Math.sqrt(columns);
    for (const { shape, range } of placed) {
      const parameters = range('parameters');
      program.record(muonUpdate, { ...shape, scale }, { stepValues, clipping, orthogonal, parameters });
    }
  }
}

/**
 * Records the Newton-Schulz iterations. The first one also normalises, by the trace of its Gram matrix.
 *
 * The alternative "Gram Newton-Schulz", which multiplies the polynomials with each other and with X only at the end, would take
 * a quarter less work at 124M parameters, but in float32 its result for a gradient of low rank is off by 1%.
 */
function orthogonalized(program: ProgramBuilder, stack: Activation, shape: MuonStackShape): Activation {
  const { matrices, rows, columns } = shape;
  const inverseLengths = program.activation(matrices);
  let x = stack;
  for (let i = 0; i < iterations; i++) {
    const gram = program.activation(matrices * rows * rows);
    program.record(muonGram, shape, { left: x, right: x, product: gram });
    if (i === 0) program.record(muonTrace, shape, { gram, inverseLengths });
    const polynomial = program.activation(matrices * rows * rows);
    const squared = { left: gram, right: gram, product: polynomial, inverseLengths };
    program.record(muonPolynomial, { ...shape, first: i === 0 }, squared);
    const next = program.activation(matrices * rows * columns);
    program.record(muonMultiply, shape, { left: polynomial, right: x, product: next });
    x = next;
  }
  return x;
}

interface Stack {
  readonly rows: number;
  readonly columns: number;
  readonly matrices: readonly TensorPlace[];
}

/** Stacks of tensors with the same shape, transposed or not, limited by `stackTiles` and by the largest binding. */
function stacksOf(tensors: readonly TensorPlace[], maxBindingBytes: number): Stack[] {
  const byShape = Map.groupBy(tensors, ({ shape }) => `${Math.min(...shape)} x ${Math.max(...shape)}`);
  return [...byShape.values()].flatMap((alike) => {
    const [{ shape, size } = { shape: [], size: 1 }] = alike;
    const [rows, columns] = [Math.min(...shape), Math.max(...shape)];
    const paying = Math.ceil(stackTiles / (rows / 64) ** 2);
    const most = Math.max(1, Math.min(paying, Math.floor(maxBindingBytes / 4 / size)));
    return Array.from({ length: Math.ceil(alike.length / most) }, (_, i) => ({
      rows,
      columns,
      matrices: alike.slice(i * most, (i + 1) * most),
    }));
  });
}
