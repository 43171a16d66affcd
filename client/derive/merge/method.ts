/** How the tensors of several models of one layout become one. Names and defaults are mergekit's. */
export type MergeMethod = LinearMerge | SlerpMerge | TiesMerge;

/** The weighted sum of the models or, if `normalize`, their weighted mean (model soups, Wortsman et al. 2022, arXiv 2203.05482). */
export interface LinearMerge {
  readonly kind: 'linear';
  readonly weights: readonly number[];
  readonly normalize: boolean;
}

/** The point at `fraction` of the way from the first model to the second along the arc between them (Shoemake 1985). */
export interface SlerpMerge {
  readonly kind: 'slerp';
  readonly fraction: number;
}

/**
 * The base plus a sum of the models' differences from it, in which each value counts only the differences that have the sign of
 * their weighted sum. TIES keeps the `densities` share of each difference that is largest (Yadav et al. 2023, arXiv 2306.01708);
 * DARE keeps a share drawn from the seed, and divides what it keeps by the share (Yu et al. 2023, arXiv 2311.03099).
 */
export interface TiesMerge {
  readonly kind: 'ties' | 'dare-ties';
  readonly weights: readonly number[];
  readonly densities: readonly number[];
  /** True to divide each sum by the weights that counted in it. */
  readonly normalize: boolean;
  /** Factor of the sum. */
  readonly lambda: number;
  /** Used by DARE alone. */
  readonly seed: number;
}
