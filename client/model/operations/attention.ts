import { hasLanesOfEight, isLikeSwiftShader } from '../../gpu/device.ts';
import type { Operation, Variant, Workgroups } from '../../gpu/operation.ts';
import { graphicsVariants } from './graphics-attention.ts';

/** Causal grouped-query attention over `batch` windows. A head's width is a multiple of 8, at most 128. */
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

/** An invocation owns 4 places of the sequence, a workgroup so many invocations. */
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
    { ...eight, name: 'rows', shader: 'attention', suits: 'any', fits: () => true },
    { ...eight, name: 'subgroup', shader: 'subgroupAttention', suits: 'processor', fits: hasLanesOfEight },
    { ...four, name: 'quad', shader: 'quadAttention', suits: 'processor', fits: isLikeSwiftShader },
    ...graphicsVariants(entry, headsOf),
  ];
}

/** Bindings: qkv (rows, query, key and value heads; queries and keys turned), output, logSums (rows, heads). */
export const attentionForward: Operation<AttentionShape> = {
  name: 'attention-forward',
  words,
  variants: variants('forward', ({ heads }) => heads),
};

/**
 * Writes the query part of qkvGradient, that of the projection before its rotary positions. Bindings: rotation, qkv,
 * savedOutput, savedLogSums, outputGradient, deltas (rows, heads; scratch that the keys' and values' part needs), qkvGradient.
 */
export const attentionBackwardQuery: Operation<AttentionShape> = {
  name: 'attention-backward-query',
  words,
  variants: variants('backwardQuery', ({ heads }) => heads),
};

/** Writes the key and value parts of qkvGradient. Bindings: as for the queries, with savedDeltas and without savedOutput. */
export const attentionBackwardKeyValue: Operation<AttentionShape> = {
  name: 'attention-backward-key-value',
  words,
  variants: variants('backwardKeyValue', ({ keyValueHeads }) => keyValueHeads),
};
