import type { FlatVector } from '../gpu/flat-vector.ts';
import type { Operation } from '../gpu/operation.ts';
import { type Activation, type BufferRange, floatBits, type ProgramBuilder } from '../gpu/program.ts';
import { flat } from '../model/operations/grid.ts';
import { linearBackwardInput, linearBackwardWeight, linearForward } from '../model/operations/linear.ts';
import type { TensorPlace } from '../model/parameters.ts';

/** Whether Muon trains a tensor: the layers' matrices, but not embedding, head and gains. */
export function isHiddenMatrix({ name, shape }: TensorPlace): boolean {
  return shape.length === 2 && name.startsWith('model.layers.');
}

interface MuonShape {
  /** Elements of the matrix; in `trace` and `polynomial`, elements of a row of the square matrix. */
  readonly length: number;
  readonly first?: boolean;
  readonly scale?: number;
}

const operation = (entry: string, lanesOf: (shape: MuonShape) => number): Operation<MuonShape> => ({
  name: `muon-${entry}`,
  words: ({ length, first = false, scale = 0 }) => [length / 4, Number(first), floatBits(scale)],
  variants: [
    {
      name: 'flat',
      shader: 'muon',
      entry,
      overrides: () => ({ lanes: 64 }),
      workgroups: (shape) => flat(lanesOf(shape), 64),
      fits: () => true,
      suits: 'any',
    },
  ],
});

/** Bindings: stepValues, clipping, gradient, firstMoment, direction. */
export const muonMomentum = operation('momentum', ({ length }) => length / 4);
/** Bindings: gram, squaredLength. */
export const muonTrace = operation('trace', () => 64);
/** Bindings: gram, square, squaredLength. */
export const muonPolynomial = operation('polynomial', ({ length }) => (length * length) / 4);
/** Bindings: stepValues, clipping, orthogonal, parameters. */
export const muonUpdate = operation('update', ({ length }) => length / 4);

const iterations = 5;

export interface MuonBuffers {
  readonly parameters: FlatVector;
  readonly gradient: FlatVector;
  readonly firstMoment: FlatVector;
  readonly clipping: BufferRange;
  readonly stepValues: BufferRange;
}

/**
 * Records Muon's update of one matrix; the program's storage is f32. An update's size is 0.2 sqrt(max(rows, columns)) that
 * of an orthogonal matrix: as large as AdamW's (Liu et al. 2025, arXiv 2502.16982).
 */
export function recordMuon(program: ProgramBuilder, buffers: MuonBuffers, tensor: TensorPlace): void {
  const { offset, size, shape } = tensor;
  const [rows = 1, columns = 1] = shape;
  const { stepValues, clipping } = buffers;
  const range = (name: 'parameters' | 'gradient' | 'firstMoment') => buffers[name].range(offset, size);
  const direction = program.activation(size);
  const [gradient, firstMoment] = [range('gradient'), range('firstMoment')];
  program.record(muonMomentum, { length: size }, { stepValues, clipping, gradient, firstMoment, direction });
  const orthogonal = orthogonalized(program, direction, rows, columns);
  const scale = 0.2 * Math.sqrt(Math.max(rows, columns));
  const parameters = range('parameters');
  program.record(muonUpdate, { length: size, scale }, { stepValues, clipping, orthogonal, parameters });
}

/**
 * Newton-Schulz iterations: X becomes (a I + b G + c G²) X with G = X Xᵀ, or X (…) with G = Xᵀ X where that is smaller. The
 * first one normalises, too: the trace of its G is the square of X's length.
 */
function orthogonalized(
  program: ProgramBuilder,
  matrix: Activation,
  rows: number,
  columns: number,
): Activation {
  const side = Math.min(rows, columns);
  const gram = program.activation(side * side);
  const square = program.activation(side * side);
  const squaredLength = program.activation(1);
  const product = { rotation: gram, activated: program.unused() };
  let x = matrix;
  for (let i = 0; i < iterations; i++) {
    if (rows > columns) {
      const bindings = { left: x, right: x, weightGradient: gram };
      program.record(
        linearBackwardWeight,
        { rows, inputs: side, outputs: side, accumulate: false },
        bindings,
      );
    } else {
      const bindings = { ...product, left: x, right: x, addend: x, rotation: x, product: gram };
      program.record(
        linearForward,
        { rows, inputs: columns, outputs: rows, epilogue: { kind: 'plain' } },
        bindings,
      );
    }
    if (i === 0) program.record(muonTrace, { length: side }, { gram, squaredLength });
    // G is its own transpose, so G Gᵀ is its square.
    const squares = { ...product, left: gram, right: gram, addend: gram, product: square };
    program.record(
      linearForward,
      { rows: side, inputs: side, outputs: side, epilogue: { kind: 'plain' } },
      squares,
    );
    program.record(muonPolynomial, { length: side, first: i === 0 }, { gram, square, squaredLength });
    const next = program.activation(rows * columns);
    const [left, right] = rows > columns ? [x, square] : [square, x];
    const shape = { rows, inputs: columns, outputs: side, epilogue: 'plain' } as const;
    program.record(linearBackwardInput, shape, { left, right, projected: left, product: next });
    x = next;
  }
  return x;
}
