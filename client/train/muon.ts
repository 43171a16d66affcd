import { hasLanesOfEight } from '../gpu/device.ts';
import type { FlatVector } from '../gpu/flat-vector.ts';
import type { Operation, Workgroups } from '../gpu/operation.ts';
import { type Activation, type BufferRange, floatBits, type ProgramBuilder } from '../gpu/program.ts';
import { flat } from '../model/operations/grid.ts';
import type { TensorPlace } from '../model/parameters.ts';

/** Whether Muon trains a tensor: the layers' matrices, but not embedding, head and gains. */
export function isHiddenMatrix({ name, shape }: TensorPlace): boolean {
  return shape.length === 2 && name.startsWith('model.layers.');
}

/** One matrix of the flat vector and its place in a stack. */
export interface MuonPlaceShape {
  /** Of the stack's matrices: rows <= columns, multiples of 4. */
  readonly rows: number;
  readonly columns: number;
  /** The element at which the matrix begins in the stack. */
  readonly start: number;
  /** Whether it is (columns, rows) in the flat vector. */
  readonly turned: boolean;
  /** Of the update only. */
  readonly scale?: number;
}

/** A stack of matrices (matrices, rows, columns). */
export interface MuonStackShape {
  readonly matrices: number;
  readonly rows: number;
  readonly columns: number;
  /** Of the polynomial only: whether it normalises. */
  readonly first?: boolean;
}

const lanes = 64;

const place = (entry: 'momentum' | 'update'): Operation<MuonPlaceShape> => ({
  name: `muon-${entry}`,
  words: ({ rows, columns, start, turned, scale = 0 }) => [
    rows,
    columns,
    start,
    Number(turned),
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
      suits: 'any',
    },
  ],
});

/** A product of `width` columns; a workgroup is 8 lanes wide on a CPU, 8 x 8 on a GPU. */
const product = (
  entry: 'gram' | 'polynomial' | 'multiply',
  width: (shape: MuonStackShape) => number,
): Operation<MuonStackShape> => {
  const form = (lanesY: number) =>
    ({
      entry,
      overrides: () => ({ lanesX: 8, lanesY }),
      workgroups: (shape: MuonStackShape): Workgroups => [
        Math.ceil(width(shape) / 32),
        Math.ceil(shape.rows / 4 / lanesY),
        shape.matrices,
      ],
      fits: () => true,
    }) as const;
  return {
    name: `muon-${entry}`,
    words: ({ rows, columns, first = false }) => [rows, columns, Number(first)],
    variants: [
      { ...form(1), name: '8 lanes', shader: 'muonProducts', suits: 'processor' },
      { ...form(8), name: '64 lanes', shader: 'muonProducts', suits: 'graphics' },
      {
        ...form(1),
        name: 'subgroup',
        shader: 'subgroupMuonProducts',
        suits: 'processor',
        fits: hasLanesOfEight,
      },
    ],
  };
};

/** Bindings: stepValues, clipping, gradient, firstMoment, direction (the stack). */
export const muonMomentum = place('momentum');
/** Bindings: left X, right X, product (matrices, rows, rows). */
export const muonGram = product('gram', ({ rows }) => rows);
/** Bindings: gram (matrices, rows, rows), squaredLengths (matrices). */
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
      suits: 'any',
    },
  ],
};
/** Bindings: left G, right G, product P (matrices, rows, rows), squaredLengths (matrices). */
export const muonPolynomial = product('polynomial', ({ rows }) => rows);
/** Bindings: left P, right X, product (matrices, rows, columns). */
export const muonMultiply = product('multiply', ({ columns }) => columns);
/** Bindings: stepValues, clipping, orthogonal (the stack), parameters. */
export const muonUpdate = place('update');

const iterations = 5;

/** Large matrices gain nothing from being stacked, and the stack is memory. */
const stackBytes = 2 ** 24;

export interface MuonBuffers {
  readonly parameters: FlatVector;
  readonly gradient: FlatVector;
  readonly firstMoment: FlatVector;
  readonly clipping: BufferRange;
  readonly stepValues: BufferRange;
}

/**
 * Records Muon's update of the layers' matrices, in stacks of those that have the same shape; the program's storage is f32.
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
  const most = Math.min(stackBytes, maxBindingBytes);
  for (const stack of stacksOf(tensors.filter(isHiddenMatrix), most)) {
    const { rows, columns, matrices } = stack;
    const direction = program.activation(matrices.length * rows * columns);
    const placed = matrices.map(({ offset, size, shape: [height = 0] }, i) => ({
      shape: { rows, columns, start: i * size, turned: height > rows },
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

/** Newton-Schulz iterations. The first one normalises, too: the trace of its Gram matrix is the square of X's length. */
function orthogonalized(program: ProgramBuilder, stack: Activation, shape: MuonStackShape): Activation {
  const { matrices, rows, columns } = shape;
  const squaredLengths = program.activation(matrices);
  let x = stack;
  for (let i = 0; i < iterations; i++) {
    const gram = program.activation(matrices * rows * rows);
    program.record(muonGram, shape, { left: x, right: x, product: gram });
    if (i === 0) program.record(muonTrace, shape, { gram, squaredLengths });
    const polynomial = program.activation(matrices * rows * rows);
    const squared = { left: gram, right: gram, product: polynomial, squaredLengths };
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

/** Tensors whose matrices have the same shape, turned or not, as many together as `bytes` hold. */
function stacksOf(tensors: readonly TensorPlace[], bytes: number): Stack[] {
  const byShape = Map.groupBy(tensors, ({ shape }) => `${Math.min(...shape)} x ${Math.max(...shape)}`);
  return [...byShape.values()].flatMap((alike) => {
    const [{ shape, size } = { shape: [], size: 1 }] = alike;
    const most = Math.max(1, Math.floor(bytes / 4 / size));
    return Array.from({ length: Math.ceil(alike.length / most) }, (_, i) => ({
      rows: Math.min(...shape),
      columns: Math.max(...shape),
      matrices: alike.slice(i * most, (i + 1) * most),
    }));
  });
}
