import type { Activation, Binding } from '../gpu/program.ts';
import type { DecoderContext } from './layer.ts';
import { LinearLayer } from './linear-layer.ts';
import {
  crossEntropy,
  crossEntropyBackwardPart,
  crossEntropyForwardPart,
} from './operations/cross-entropy.ts';
import { scoreBackward, scoreBackwardWeight, scoreForward } from './operations/score.ts';
import { headOf, scoreHead } from './parameters.ts';
import { headParts, type VocabularyPart } from './vocabulary-parts.ts';

/** The head's inputs besides the hidden state, and its outputs. R = batch * sequence rows. */
export interface HeadBindings {
  /** (R) each: target ids, the weight of each row's loss, and each row's unweighted loss, or its negative score. */
  readonly targets: Binding;
  readonly weights: Binding;
  readonly losses: Binding;
  /** The buffer whose first value is the loss scale. */
  readonly scaling: Binding;
}

/** Activations that the forward pass saves for the backward pass. */
export interface HeadRecord {
  readonly input: Activation; // (R, C)
  /** Undefined if the head gives scores. Without `sums`: already the logits' gradient. With them: the logits of the last part. */
  readonly logits: Activation | undefined;
  /** (R, 4), only if the vocabulary has several parts or the weights come late; see cross-entropy.wgsl. */
  readonly sums: Activation | undefined;
}

/**
 * Records the pass from the head's input (R, C) to the losses. A large vocabulary is processed in parts, so that the logits
 * of all its tokens are never held at once. With a single part and known weights the same kernel turns the logits into their
 * gradient, at no extra cost.
 */
export function headForward(
  context: DecoderContext,
  { weights, scaling, targets, losses }: HeadBindings,
  input: Activation,
): HeadRecord {
  const { program } = context;
  const { rows, width, parts, widest } = shapesOf(context);
  if (context.config.scores) {
    const { values: weight } = context.parameters.rows(scoreHead, { first: 0, count: 1 });
    program.record(scoreForward, { rows, width }, { input, weight, losses });
    return { input, logits: undefined, sums: undefined };
  }
  const logits = program.stored(rows * widest);
  const sums = parts.length > 1 || context.lateWeights ? program.activation(4 * rows) : undefined;
  for (const part of parts) {
    linearOf(context, part).forward(input, logits, { kind: 'plain' });
    const shape = { rows, ...columnsOf(context, part) };
    if (sums) program.record(crossEntropyForwardPart, shape, { targets, logits, losses, sums });
    else program.record(crossEntropy, shape, { weights, scaling, targets, logits, losses });
  }
  return { input, logits, sums };
}

/** Records the pass from the losses to the head's gradient and, if wanted, to the gradient of its input (R, C), returned. */
export function headBackward(
  context: DecoderContext,
  { weights, scaling, targets }: HeadBindings,
  { input, logits, sums }: HeadRecord,
  wanted: boolean,
): Activation | undefined {
  const { program, accumulate } = context;
  const { rows, width, parts } = shapesOf(context);
  const inputGradient = wanted ? program.stored(rows * width) : undefined;
  if (logits === undefined) {
    const { values: weight, gradient: weightGradient } = context.parameters.rows(scoreHead, {
      first: 0,
      count: 1,
    });
    const shape = { rows, width, accumulate };
    if (weightGradient !== undefined)
      program.record(scoreBackwardWeight, shape, { input, weights, scaling, weightGradient });
    if (inputGradient !== undefined)
      program.record(scoreBackward, { rows, width }, { weight, weights, scaling, inputGradient });
    return inputGradient;
  }
  // The last part goes first: its logits are still in memory.
  [...parts].reverse().forEach((part, i) => {
    const linear = linearOf(context, part);
    if (sums) {
      if (i > 0) linear.forward(input, logits, { kind: 'plain' });
      const shape = { rows, ...columnsOf(context, part) };
      const bindings = { weights, scaling, targets, logits, savedSums: sums };
      program.record(crossEntropyBackwardPart, shape, bindings);
    }
    const epilogue = i === 0 ? 'plain' : 'accumulate';
    linear.backward(input, logits, accumulate, inputGradient && { product: inputGradient, epilogue });
  });
  return inputGradient;
}

/** The columns of a part's logits. The last ones may be padding, which is no token. */
function columnsOf({ config }: DecoderContext, { first, count }: VocabularyPart) {
  return { vocabulary: count, firstToken: first, columns: Math.min(count, config.vocabularySize - first) };
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

/** One part of the head: maps (R, C) to the logits of the part's tokens. */
function linearOf(context: DecoderContext, part: VocabularyPart): LinearLayer {
  const { program, config, parameters } = context;
  const { rows, width } = shapesOf(context);
  const shape = { rows, inputs: width, outputs: part.count };
  return new LinearLayer(program, shape, parameters.rows(headOf(config), part));
}
