import type { Activation, Binding } from '../gpu/program.ts';
import { type DecoderContext, rowRange } from './layer.ts';
import {
  crossEntropy,
  crossEntropyBackwardPart,
  crossEntropyForwardPart,
} from './operations/cross-entropy.ts';
import { linearBackwardInput, linearBackwardWeight, linearForward } from './operations/linear.ts';
import { headOf } from './parameters.ts';
import { headParts, type VocabularyPart } from './vocabulary-parts.ts';

/** What the losses come from. R = batch * sequence rows. */
export interface HeadBindings {
  /** (R) target ids and losses. */
  readonly targets: Binding;
  readonly losses: Binding;
  /** The uniform whose first value is 1 / (counted targets), and the buffer whose first value is the loss scale. */
  readonly stepValues: Binding;
  readonly scaling: Binding;
}

/** What the forward pass leaves for the backward pass. */
export interface HeadRecord {
  readonly input: Activation; // (R, C)
  /** Of the whole vocabulary their gradient already; of the last of several parts the logits themselves. */
  readonly logits: Activation;
  /** (R, 4), where the vocabulary has several parts; see cross-entropy.wgsl. */
  readonly sums: Activation | undefined;
}

/**
 * Records the head's input (R, C) to losses. A large vocabulary goes by in parts, so that the logits of all its tokens are
 * never held at once; those of a small one become their own gradient on the way, which costs nothing more.
 */
export function headForward(
  context: DecoderContext,
  { stepValues, scaling, targets, losses }: HeadBindings,
  input: Activation,
): HeadRecord {
  const { program } = context;
  const { rows, parts, widest } = shapesOf(context);
  const logits = program.stored(rows * widest);
  const sums = parts.length > 1 ? program.activation(4 * rows) : undefined;
  for (const part of parts) {
    recordLogits(context, part, input, logits);
    const shape = { rows, vocabulary: part.count, firstToken: part.first };
    if (sums) program.record(crossEntropyForwardPart, shape, { targets, logits, losses, sums });
    else program.record(crossEntropy, shape, { stepValues, scaling, targets, logits, losses });
  }
  return { input, logits, sums };
}

/** Records the losses to the gradients of the head and, which it returns, of its input (R, C). */
export function headBackward(
  context: DecoderContext,
  { stepValues, scaling, targets }: HeadBindings,
  { input, logits, sums }: HeadRecord,
): Activation {
  const { program, config, layout, weights, gradient, accumulate } = context;
  const { rows, width, parts } = shapesOf(context);
  const inputGradient = program.stored(rows * width);
  // The last part's logits are still there.
  [...parts].reverse().forEach((part, i) => {
    if (sums) {
      if (i > 0) recordLogits(context, part, input, logits);
      const shape = { rows, vocabulary: part.count, firstToken: part.first };
      const bindings = { stepValues, scaling, targets, logits, savedSums: sums };
      program.record(crossEntropyBackwardPart, shape, bindings);
    }
    const shape = { rows, inputs: width, outputs: part.count };
    const weightGradient = rowRange(layout, gradient, headOf(config), part);
    program.record(
      linearBackwardWeight,
      { ...shape, accumulate },
      { left: logits, right: input, weightGradient },
    );
    const right = rowRange(layout, weights, headOf(config), part);
    const epilogue = i === 0 ? 'plain' : 'accumulate';
    const bindings = { left: logits, right, projected: logits, product: inputGradient };
    program.record(linearBackwardInput, { ...shape, epilogue }, bindings);
  });
  return inputGradient;
}

function shapesOf(context: DecoderContext) {
  const parts = headParts(context);
  return {
    rows: context.batch * context.sequence,
    width: context.config.dimension,
    parts,
    widest: Math.max(...parts.map(({ count }) => count)),
  };
}

function recordLogits(
  context: DecoderContext,
  part: VocabularyPart,
  input: Activation,
  logits: Activation,
): void {
  const { program, config, layout, weights, rotation } = context;
  const { rows, width } = shapesOf(context);
  const shape = { rows, inputs: width, outputs: part.count, epilogue: { kind: 'plain' } } as const;
  const unused = { addend: input, rotation, activated: program.unused() };
  const right = rowRange(layout, weights, headOf(config), part);
  program.record(linearForward, shape, { ...unused, left: input, right, product: logits });
}
