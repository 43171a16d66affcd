/** The sizes from which those of attention follow. */
export interface HeadSizes {
  readonly dimension: number;
  readonly heads: number;
  /** Values of a head, if not dimension / heads. */
  readonly headSize?: number;
}

/** Values of a head. */
export function headSizeOf({ dimension, heads, headSize = dimension / heads }: HeadSizes): number {
  return headSize;
}

/** Values of all query heads together: what the attention's output projection reads. */
export function queryWidthOf(sizes: HeadSizes): number {
  return sizes.heads * headSizeOf(sizes);
}

/** `headSize` as a configuration says it: only where it differs from dimension / heads, so that equal models are written alike. */
export function ownHeadSize({ dimension, heads, headSize }: HeadSizes): Pick<HeadSizes, 'headSize'> {
  return headSize === undefined || headSize * heads === dimension ? {} : { headSize };
}
