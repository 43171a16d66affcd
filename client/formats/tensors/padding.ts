/**
 * A tensor in memory. Kernels read vectors, so that an extent may be larger there than in files. The values beyond the file's
 * extents are zero, and stay zero: no gradient reaches them.
 */
export interface PaddedShape {
  /** Extents in memory, of a row-major tensor. */
  readonly shape: readonly number[];
  /** Extents in files, where they differ. */
  readonly fileShape?: readonly number[];
}

/** The extents that a tensor has in files. */
export function fileShapeOf({ shape, fileShape }: PaddedShape): readonly number[] {
  return fileShape ?? shape;
}

/** The number of values that a tensor has in files. */
export function fileSizeOf(place: PaddedShape): number {
  return fileShapeOf(place).reduce((product, extent) => product * extent, 1);
}

/** The rows of a tensor and their widths in memory and in files. The last extent is a row's. */
function rowsOf(place: PaddedShape) {
  const own = place.shape.at(-1) ?? 1;
  const width = fileShapeOf(place).at(-1) ?? 1;
  return { own, width, rows: width === 0 ? 0 : fileSizeOf(place) / width };
}

/** A tensor's values as files hold them. They share the memory of `values` unless rows are padded. */
export function withoutPadding(place: PaddedShape, values: Float32Array): Float32Array {
  const { own, width, rows } = rowsOf(place);
  if (own === width) return values.subarray(0, rows * width);
  const cut = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) cut.set(values.subarray(row * own, row * own + width), row * width);
  return cut;
}

/** Moves a tensor's values, which lie at the beginning of `values` as a file holds them, to their places in memory. */
export function spreadPadding(place: PaddedShape, values: Float32Array): void {
  const { own, width, rows } = rowsOf(place);
  if (own === width) return;
  for (let row = rows - 1; row > 0; row--) {
    values.copyWithin(row * own, row * width, (row + 1) * width);
    values.fill(0, row * own + width, (row + 1) * own);
  }
  values.fill(0, width, own);
}
