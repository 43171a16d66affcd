import { epilogueNumber } from '../../../shaders/linear/epilogues.ts';
import { hasLanesOfEight, isLikeSwiftShader } from '../../gpu/device.ts';
import type { Operation, Variant } from '../../gpu/operation.ts';
import { graphicsVariants } from './graphics-linear.ts';

/**
 * A linear layer: y (rows, outputs) = x (rows, inputs) Wᵀ, with W (outputs, inputs). Widths are multiples of 4, or of 8 if the
 * epilogue pairs columns. The epilogue is applied to each finished sum; see linear.wgsl.
 */
export interface LinearShape {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
}

/** Nothing, rotates queries and keys by their positions, or also writes SwiGLU's output. */
export type ForwardEpilogue =
  | { readonly kind: 'plain' }
  | {
      readonly kind: 'rotary';
      readonly headSize: number;
      readonly rotatedHeads: number;
      readonly sequence: number;
    }
  | { readonly kind: 'swiglu' };

/** True to add `addend` to the sums before the epilogue; false if it is absent. */
interface WithAddend {
  readonly addend?: boolean;
}

export interface LinearForwardShape extends LinearShape, WithAddend {
  readonly epilogue: ForwardEpilogue;
}

/**
 * `swigluBackward` maps dx, the gradient of SwiGLU's output, to the gradients of gate and up. `accumulate` adds to the
 * existing gradient.
 */
export interface LinearBackwardInputShape extends LinearShape, WithAddend {
  readonly epilogue: 'plain' | 'swigluBackward' | 'accumulate';
}

export interface LinearBackwardWeightShape extends LinearShape {
  /** Adds to the gradient that another part of the batch has written. */
  readonly accumulate: boolean;
}

/** Distance of the two columns of a pair, in vec4. */
function spanOf({ outputs, epilogue }: LinearForwardShape): number {
  if (epilogue.kind === 'rotary') return epilogue.headSize / 8;
  return epilogue.kind === 'swiglu' ? outputs / 8 : 1;
}

/** The uniform of a forward pass; see linear.wgsl. */
export function forwardWords(shape: LinearForwardShape): number[] {
  const { rows, inputs, outputs, epilogue, addend = false } = shape;
  const rotary = epilogue.kind === 'rotary' ? epilogue : { headSize: 0, rotatedHeads: 0, sequence: 1 };
  const rotated = (rotary.headSize * rotary.rotatedHeads) / 4;
  const kind = epilogueNumber(epilogue.kind);
  return [rows, outputs / 4, inputs / 4, kind, spanOf(shape), rotated, Number(addend), rotary.sequence];
}

const pairsOf = ({ outputs }: LinearShape) => Math.ceil(outputs / 8);

/** Runs on every adapter; a workgroup is 8 lanes wide on a CPU, 8 x 8 on a GPU. */
const rows = { name: 'rows', shader: 'matmul', prefers: 'any', fits: () => true } as const;
const rowsOverrides = { lanesX: 8, lanesY: 1 };
const subgroup = {
  name: 'subgroup',
  shader: 'subgroupMatmul',
  prefers: 'processor',
  fits: hasLanesOfEight,
} as const;

/** Computes 32 rows at a time; worthwhile from 16 rows on. */
const quad = {
  name: 'quad',
  shader: 'quadMatmul',
  prefers: 'processor',
  fits: isLikeSwiftShader,
  overrides: () => ({}),
  worthwhile: ({ rows }: LinearShape) => rows >= 16,
} as const;

/** For generation, which reads one token of each prompt at a time. */
const fewRows = (
  name: string,
  lanes: number,
  mostRows: number,
  prefers: 'processor' | 'graphics',
): Variant<LinearForwardShape> => {
  const held = ({ rows }: LinearForwardShape) => (rows === 1 ? 1 : 4);
  return {
    name,
    shader: 'fewRowsMatmul',
    entry: 'forward',
    overrides: (shape) => ({ lanes, heldRows: held(shape) }),
    workgroups: (shape) => [pairsOf(shape), Math.ceil(shape.rows / held(shape)), 1],
    fits: (_adapter, shape) => shape.rows <= mostRows,
    prefers,
  };
};

/** Bindings: left x, right W, addend (rows, outputs), rotation, product y, activated (rows, outputs / 2). */
export const linearForward: Operation<LinearForwardShape> = {
  name: 'linear-forward',
  words: forwardWords,
  variants: [
    {
      ...rows,
      entry: 'forward',
      overrides: () => rowsOverrides,
      workgroups: (shape) => [Math.ceil(pairsOf(shape) / 8), Math.ceil(shape.rows / 8), 1],
    },
    {
      ...subgroup,
      entry: 'forward',
      overrides: () => ({}),
      workgroups: (shape) => [Math.ceil(pairsOf(shape) / 4), Math.ceil(shape.rows / 16), 1],
    },
    {
      ...quad,
      entry: 'forward',
      workgroups: (shape) => [Math.ceil(pairsOf(shape) / 4), Math.ceil(shape.rows / 32), 1],
    },
    ...graphicsVariants<LinearForwardShape>('forward', (shape) => ({
      rows: shape.rows,
      columns: 8 * pairsOf(shape),
    })),
    fewRows('few rows, 8 lanes', 8, 4, 'processor'),
    fewRows('few rows, 64 lanes', 64, 8, 'graphics'),
  ],
};

/** Bindings: left dy, right W, addend (rows, inputs), projected (rows, 2 inputs: gate, up), product dx (rows, inputs; with SwiGLU 2 inputs). */
export const linearBackwardInput: Operation<LinearBackwardInputShape> = {
  name: 'linear-backward-input',
  words: ({ rows, inputs, outputs, epilogue, addend = false }) => [
    rows,
    inputs / 4,
    outputs / 4,
    epilogueNumber(epilogue),
    0,
    0,
    Number(addend),
    0,
  ],
  variants: [
    {
      ...rows,
      entry: 'backwardInput',
      overrides: () => rowsOverrides,
      workgroups: ({ rows, inputs }) => [Math.ceil(inputs / 64), Math.ceil(rows / 8), 1],
    },
    {
      ...subgroup,
      entry: 'backwardInput',
      overrides: () => ({}),
      workgroups: ({ rows, inputs }) => [Math.ceil(inputs / 32), Math.ceil(rows / 16), 1],
    },
    {
      ...quad,
      entry: 'backwardInput',
      workgroups: ({ rows, inputs }) => [Math.ceil(inputs / 32), Math.ceil(rows / 32), 1],
    },
    ...graphicsVariants<LinearBackwardInputShape>('backwardInput', ({ rows, inputs }) => ({
      rows,
      columns: inputs,
    })),
  ],
};

/** Bindings: left dy, right x, weightGradient (outputs, inputs), float32. */
export const linearBackwardWeight: Operation<LinearBackwardWeightShape> = {
  name: 'linear-backward-weight',
  words: ({ rows, inputs, outputs, accumulate }) => [
    outputs,
    inputs / 4,
    rows,
    epilogueNumber(accumulate ? 'accumulate' : 'plain'),
  ],
  variants: [
    {
      ...rows,
      entry: 'backwardWeight',
      overrides: () => rowsOverrides,
      workgroups: ({ inputs, outputs }) => [Math.ceil(inputs / 64), Math.ceil(outputs / 16), 1],
    },
    {
      ...subgroup,
      entry: 'backwardWeight',
      overrides: () => ({}),
      workgroups: ({ inputs, outputs }) => [Math.ceil(inputs / 32), Math.ceil(outputs / 32), 1],
    },
    {
      ...quad,
      entry: 'backwardWeight',
      workgroups: ({ inputs, outputs }) => [Math.ceil(inputs / 32), Math.ceil(outputs / 32), 1],
    },
    ...graphicsVariants<LinearBackwardWeightShape>('backwardWeight', ({ inputs, outputs }) => ({
      rows: outputs,
      columns: inputs,
    })),
  ],
};
