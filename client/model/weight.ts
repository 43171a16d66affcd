import type { FlatVector } from '../gpu/flat-vector.ts';
import type { BufferRange } from '../gpu/program.ts';
import type { ParameterLayout } from './parameters.ts';
import type { QuantizedRange } from './quantized/quantized-matrices.ts';

/** A tensor, or several adjacent ones: the range that kernels read and, if it is trained, the range of its gradient. */
export interface Weight<Values = BufferRange> {
  readonly values: Values;
  readonly gradient: BufferRange | undefined;
}

/** A matrix W (outputs, inputs) of the model and, if it has one, the adapter that is added to it. */
export interface Matrix extends Weight<BufferRange | QuantizedRange> {
  readonly adapter: LowRank | undefined;
}

/** An adapter of a matrix, as kernels read it: W + B A, with the adapter's scale within B. */
export interface LowRank {
  /** A multiple of 4: the ranks of all matrices that are bound as one, each padded with zeros. */
  readonly rank: number;
  readonly a: Weight; // (rank, inputs)
  readonly b: Weight; // (outputs, rank)
  /** Set for DoRA: each row of W + B A is scaled to a length of its own. */
  readonly magnitude: Magnitude | undefined;
  /** Set if inputs of A are dropped in training. */
  readonly dropout: Dropout | undefined;
}

/** The dropout of an adapter's input. */
export interface Dropout {
  /** The share that is dropped, and the number of the layer's draws. */
  readonly rate: number;
  readonly stream: number;
  /** The batch's seed, one word; 0 drops nothing. */
  readonly draws: BufferRange;
}

/** The scaling of the rows of a matrix with an adapter. */
export interface Magnitude {
  readonly factors: BufferRange; // (outputs); 1 where a matrix has no adapter
  readonly inverses: BufferRange; // (outputs): one over the length of each row before it is scaled
  /** The rows of each adapted matrix, and the gradient of their magnitudes if they are trained. */
  readonly parts: readonly {
    readonly first: number;
    readonly count: number;
    readonly gradient: BufferRange | undefined;
  }[];
}

/** The vectors of the trained parameters, over one layout. */
export interface TrainedParameters {
  readonly layout: ParameterLayout;
  readonly parameters: FlatVector;
  /** The copy that kernels read matrices from, in the program's storage; with f32 storage it is `parameters` itself. */
  readonly weights: FlatVector;
  readonly gradient: FlatVector;
}
