import type { ParameterLayout } from '../../../client/model/parameters.ts';

/** A tensor of a delta: what a picture shows of it, and the same in numbers. */
export interface TensorPicture {
  readonly name: string;
  readonly shape: readonly number[];
  /** Values, and how many of them are not zero. */
  readonly values: number;
  readonly changed: number;
  readonly norm: number;
  /** Cells of the picture, row by row: each is the size of the values below it, from 0 for none to 255 for the delta's largest. */
  readonly cells: Uint8Array<ArrayBuffer>;
  readonly columns: number;
}

/** The most cells of a tensor's picture, across and down. */
const [mostColumns, mostRows] = [96, 16];

/** The pictures of a delta's tensors, all on one scale. */
export function pictureOf(delta: Float32Array, { tensors }: ParameterLayout): TensorPicture[] {
  const drawn = tensors.map(({ name, shape, fileShape = shape, offset, size }) => {
    const [rows, columns] = shape.length > 1 ? shape : [1, size];
    const values = delta.subarray(offset, offset + size);
    const changed = values.reduce((count, value) => count + (value === 0 ? 0 : 1), 0);
    const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    const across = Math.min(columns ?? 1, mostColumns);
    const sizes = cellsOf(values, { rows: rows ?? 1, columns: columns ?? 1 }, across);
    const count = fileShape.reduce((product, extent) => product * extent, 1);
    return { name, shape: fileShape, values: count, changed, norm, columns: across, sizes };
  });
  const largest = drawn.reduce((most, { sizes }) => Math.max(most, ...sizes), 0);
  return drawn.map(({ sizes, ...facts }) => ({
    ...facts,
    cells: Uint8Array.from(sizes, (size) => Math.ceil((255 * size) / largest)),
  }));
}

/** The root mean square of the values below each cell. */
function cellsOf(
  values: Float32Array,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  across: number,
): Float64Array {
  const down = Math.min(rows, mostRows);
  const [squares, counts] = [new Float64Array(across * down), new Float64Array(across * down)];
  for (const [index, value] of values.entries()) {
    const row = Math.floor((Math.floor(index / columns) * down) / rows);
    const cell = row * across + Math.floor(((index % columns) * across) / columns);
    squares[cell] = (squares[cell] ?? 0) + value * value;
    counts[cell] = (counts[cell] ?? 0) + 1;
  }
  return squares.map((sum, cell) => Math.sqrt(sum / Math.max(1, counts[cell] ?? 0)));
}
