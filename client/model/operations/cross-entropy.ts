import type { Operation, Variant } from '../../gpu/operation.ts';

/** `vocabulary` is a multiple of 4. */
export interface CrossEntropyShape {
  readonly rows: number;
  readonly vocabulary: number;
}

/** `lanes` invocations a row, `groups` rows a workgroup. */
const form = (
  name: string,
  lanes: number,
  groups: number,
  suits: 'processor' | 'graphics',
): Variant<CrossEntropyShape> => ({
  name,
  shader: 'crossEntropy',
  entry: 'forwardBackward',
  overrides: () => ({ lanes, groups }),
  workgroups: ({ rows }) => [1, Math.ceil(rows / groups), 1],
  fits: () => true,
  suits,
});

/** Turns logits (rows, vocabulary) into their gradient, in place. Bindings: stepValues, scaling, targets, logits, losses. */
export const crossEntropy: Operation<CrossEntropyShape> = {
  name: 'cross-entropy',
  words: ({ rows, vocabulary }) => [rows, vocabulary / 4],
  variants: [form('one lane a row', 1, 8, 'processor'), form('64 lanes a row', 64, 1, 'graphics')],
};
