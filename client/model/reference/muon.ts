import { addScaled, at, dot, row } from './vector.ts';

/** A matrix (rows, columns), row-major. */
interface Matrix {
  readonly values: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/** The optimizer settings of client/train/training.ts that Muon reads; this folder may not import them. */
export interface MuonSettings {
  readonly momentum: number;
  readonly weightDecay: number;
}

/** Each iteration is `x -> a x + b x^3 + c x^5` on the singular values (Jordan et al. 2024, "Muon"). */
export const newtonSchulz = { iterations: 5, a: 3.4445, b: -4.775, c: 2.0315 } as const;

/**
 * One step of Muon on one matrix, in place (Jordan et al. 2024): Nesterov momentum, then Newton-Schulz iterations towards
 * the nearest orthogonal matrix. Scaled by 0.2 sqrt(max(rows, columns)), the update is as large as AdamW's, so that one rate
 * and decay suit both (Liu et al. 2025, arXiv 2502.16982). `gradient` is already clipped.
 */
export function referenceMuon(
  { values: parameters, rows, columns }: Matrix,
  momentum: Float64Array,
  gradient: Float64Array,
  settings: MuonSettings,
  learningRate: number,
): void {
  const direction = gradient.slice();
  momentum.forEach((old, i) => {
    momentum[i] = settings.momentum * old + at(gradient, i);
  });
  addScaled(direction, settings.momentum, momentum);
  const { values: orthogonal } = orthogonalize({ values: direction, rows, columns });
  const scale = 0.2 * Math.sqrt(Math.max(rows, columns));
  parameters.forEach((old, i) => {
    parameters[i] = old - learningRate * (scale * at(orthogonal, i) + settings.weightDecay * old);
  });
}

/** Moves every singular value to between 0.7 and 1.2; a zero matrix stays zero. */
export function orthogonalize(matrix: Matrix): Matrix {
  const { values, rows, columns } = matrix;
  const length = Math.sqrt(dot(values, values));
  if (length === 0) return matrix;
  // The Gram matrix of the shorter side is smaller; the effect on the singular values is the same.
  let x: Matrix = { values: values.map((value) => value / length), rows, columns };
  if (rows > columns) x = transposed(x);
  for (let i = 0; i < newtonSchulz.iterations; i++) {
    const gram = product(x, transposed(x));
    const polynomial = product(gram, gram).values.map((square, at_) => {
      const onDiagonal = at_ % (gram.columns + 1) === 0;
      const { a, b, c } = newtonSchulz;
      return (onDiagonal ? a : 0) + b * at(gram.values, at_) + c * square;
    });
    x = product({ ...gram, values: polynomial }, x);
  }
  return rows > columns ? transposed(x) : x;
}

function transposed({ values, rows, columns }: Matrix): Matrix {
  const transposed = values.map((_, i) => at(values, (i % rows) * columns + Math.floor(i / rows)));
  return { values: transposed, rows: columns, columns: rows };
}

function product(left: Matrix, right: Matrix): Matrix {
  const values = new Float64Array(left.rows * right.columns);
  for (let r = 0; r < left.rows; r++) {
    const sum = row(values, r, right.columns);
    for (let k = 0; k < left.columns; k++)
      addScaled(sum, at(left.values, r * left.columns + k), row(right.values, k, right.columns));
  }
  return { values, rows: left.rows, columns: right.columns };
}
