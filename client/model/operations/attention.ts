import { hasLanesOfEight, isLikeSwiftShader } from '../../gpu/device.ts';
import type { Operation, Variant, Workgroups } from '../../gpu/operation.ts';
import { graphicsVariants } from './graphics-attention.ts';

/**
 * Causal grouped-query attention over `batch` windows, each position within its document. A head's width is a multiple of 8, at
 * most 128.
 */
export interface AttentionShape {
  readonly batch: number;
  readonly sequence: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
}

const words = ({ batch, sequence, heads, keyValueHeads, headSize }: AttentionShape): number[] => [
  sequence,
  heads,
  keyValueHeads,
  headSize / 4,
  batch * sequence,
];

/** An invocation owns 4 positions of the sequence; a workgroup has this many invocations. */
const places =
  (headsOf: (shape: AttentionShape) => number, lanes: number) =>
  (shape: AttentionShape): Workgroups => [
    Math.ceil(shape.sequence / (4 * lanes)),
    headsOf(shape),
    shape.batch,
  ];

function variants(
  entry: 'forward' | 'backwardQuery' | 'backwardKeyValue',
  headsOf: (shape: AttentionShape) => number,
): [Variant<AttentionShape>, ...Variant<AttentionShape>[]] {
  const overrides = ({ headSize }: AttentionShape) => ({ headVectors: headSize / 4 });
  const eight = { overrides, entry, workgroups: places(headsOf, 8) };
  const four = { overrides, entry, workgroups: places(headsOf, 4) };
  return [
    { ...eight, name: 'rows', shader: 'attention', prefers: 'any', fits: () => true },
    { ...eight, name: 'subgroup', shader: 'subgroupAttention', prefers: 'processor', fits: hasLanesOfEight },
    { ...four, name: 'quad', shader: 'quadAttention', prefers: 'processor', fits: isLikeSwiftShader },
    ...graphicsVariants(entry, headsOf),
  ];
}

/** The tuner measures windows of one document. */
const indices = () => ({ documents: 1 });

/**
 * Bindings: documents (rows, 2: how many positions of the window come before the row's document and how many after it), qkv
 * (rows, query, key and value heads; queries and keys rotated), output, logSums (rows, heads).
 */
export const attentionForward: Operation<AttentionShape> = {
  name: 'attention-forward',
  words,
  indices,
  variants: variants('forward', ({ heads }) => heads),
};

/**
 * Writes the query part of qkvGradient, the gradient of the projection before rotary positions. Bindings: rotation, documents,
 * qkv, savedOutput, savedLogSums, outputGradient, deltas (rows, heads; scratch, read by the key and value part), qkvGradient.
 */
export const attentionBackwardQuery: Operation<AttentionShape> = {
  name: 'attention-backward-query',
  words,
  indices,
  variants: variants('backwardQuery', ({ heads }) => heads),
};

/**
 * Writes the key and value parts of qkvGradient. Bindings: rotation, documents, qkv, savedLogSums, outputGradient, savedDeltas,
 * qkvGradient.
 */
export const attentionBackwardKeyValue: Operation<AttentionShape> = {
  name: 'attention-backward-key-value',
  words,
  indices,
  variants: variants('backwardKeyValue', ({ keyValueHeads }) => keyValueHeads),
};
