import type { Operation, Variant } from '../../gpu/operation.ts';

/** `vocabulary` is a multiple of 4. */
export interface CrossEntropyShape {
  readonly rows: number;
  readonly vocabulary: number;
}

/** A part of the vocabulary, of so many tokens from `firstToken` on; multiples of 4. */
export interface CrossEntropyPartShape extends CrossEntropyShape {
  readonly firstToken: number;
}

/** `lanes` invocations a row, `groups` rows a workgroup. */
function variants(entry: string): [Variant<CrossEntropyShape>, ...Variant<CrossEntropyShape>[]] {
  const form = (
    name: string,
    lanes: number,
    groups: number,
    suits: 'processor' | 'graphics',
  ): Variant<CrossEntropyShape> => ({
    name,
    shader: 'crossEntropy',
    entry,
    overrides: () => ({ lanes, groups }),
    workgroups: ({ rows }) => [1, Math.ceil(rows / groups), 1],
    fits: () => true,
    suits,
  });
  return [
    form('one lane a row', 1, 8, 'processor'),
    form('64 lanes a row', 64, 1, 'graphics'),
    // A row is read again: the fewer there are at work, the more of them the caches hold.
    {
      ...form('256 lanes a row', 256, 1, 'graphics'),
      fits: ({ workgroupInvocations }) => workgroupInvocations >= 256,
      pays: ({ vocabulary }) => vocabulary >= 8192,
    },
  ];
}

/** Turns logits (rows, vocabulary) into their gradient, in place. Bindings: stepValues, scaling, targets, logits, losses. */
export const crossEntropy: Operation<CrossEntropyShape> = {
  name: 'cross-entropy',
  words: ({ rows, vocabulary }) => [rows, vocabulary / 4, 0],
  indices: ({ vocabulary }) => ({ targets: vocabulary }),
  variants: variants('forwardBackward'),
};

const partWords = ({ rows, vocabulary, firstToken }: CrossEntropyPartShape) => [
  rows,
  vocabulary / 4,
  firstToken,
];

/** As if the part were the last. */
const targetsOfPart = ({ firstToken, vocabulary }: CrossEntropyPartShape) => ({
  targets: firstToken + vocabulary,
});

/**
 * Adds a part's logits to what is known of each row; the parts come in order, from token 0. After the last one the losses
 * are right. Bindings: targets, logits, losses, sums (rows, 4).
 */
export const crossEntropyForwardPart: Operation<CrossEntropyPartShape> = {
  name: 'cross-entropy-forward-part',
  words: partWords,
  indices: targetsOfPart,
  variants: variants('forwardPart'),
};

/** Turns a part's logits into their gradient, in place. Bindings: stepValues, scaling, targets, logits, savedSums. */
export const crossEntropyBackwardPart: Operation<CrossEntropyPartShape> = {
  name: 'cross-entropy-backward-part',
  words: partWords,
  indices: targetsOfPart,
  variants: variants('backwardPart'),
};
