import type { Operation, Variant } from '../../gpu/operation.ts';

/** `vocabulary` is a multiple of 4. */
export interface CrossEntropyShape {
  readonly rows: number;
  readonly vocabulary: number;
  /** The columns that are tokens, all unless given. The others are padding: they have no probability, and gradient 0. */
  readonly columns?: number;
}

/** A part of the vocabulary: `vocabulary` tokens from `firstToken` on, both multiples of 4. */
export interface CrossEntropyPartShape extends CrossEntropyShape {
  readonly firstToken: number;
}

/** `lanes` invocations per row, `groups` rows per workgroup. */
function variants(entry: string): [Variant<CrossEntropyShape>, ...Variant<CrossEntropyShape>[]] {
  const form = (
    name: string,
    lanes: number,
    groups: number,
    prefers: 'processor' | 'graphics',
  ): Variant<CrossEntropyShape> => ({
    name,
    shader: 'crossEntropy',
    entry,
    overrides: () => ({ lanes, groups }),
    workgroups: ({ rows }) => [1, Math.ceil(rows / groups), 1],
    fits: () => true,
    prefers,
  });
  return [
    form('one lane a row', 1, 8, 'processor'),
    form('64 lanes a row', 64, 1, 'graphics'),
    // Each row is read twice: with fewer rows at a time, more of them stay in the caches.
    {
      ...form('256 lanes a row', 256, 1, 'graphics'),
      fits: ({ workgroupInvocations }) => workgroupInvocations >= 256,
      worthwhile: ({ vocabulary }) => vocabulary >= 8192,
    },
  ];
}

/**
 * Replaces logits (rows, vocabulary) by their gradient, in place, and writes each row's negative log-probability. Bindings:
 * weights (rows), scaling, targets (rows), logits, losses (rows).
 */
export const crossEntropy: Operation<CrossEntropyShape> = {
  name: 'cross-entropy',
  words: ({ rows, vocabulary, columns = vocabulary }) => [rows, vocabulary / 4, 0, columns],
  indices: ({ vocabulary, columns = vocabulary }) => ({ targets: columns }),
  variants: variants('forwardBackward'),
};

const partWords = ({ rows, vocabulary, firstToken, columns = vocabulary }: CrossEntropyPartShape) => [
  rows,
  vocabulary / 4,
  firstToken,
  columns,
];

/** The tuner draws targets as if the part were the last one. */
const targetsOfPart = ({ firstToken, vocabulary, columns = vocabulary }: CrossEntropyPartShape) => ({
  targets: firstToken + columns,
});

/**
 * Adds a part's logits to each row's running sums. Parts must be given in order, from token 0; after the last one the losses
 * are complete. Bindings: targets, logits, losses, sums (rows, 4).
 */
export const crossEntropyForwardPart: Operation<CrossEntropyPartShape> = {
  name: 'cross-entropy-forward-part',
  words: partWords,
  indices: targetsOfPart,
  variants: variants('forwardPart'),
};

/** Replaces a part's logits by their gradient, in place. Bindings: weights, scaling, targets, logits, savedSums. */
export const crossEntropyBackwardPart: Operation<CrossEntropyPartShape> = {
  name: 'cross-entropy-backward-part',
  words: partWords,
  indices: targetsOfPart,
  variants: variants('backwardPart'),
};
