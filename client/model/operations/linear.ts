import { hasLanesOfEight, isLikeSwiftShader } from '../../gpu/device.ts';
import type { Operation, Variant } from '../../gpu/operation.ts';
import { graphicsVariants } from './graphics-linear.ts';

/**
 * A linear layer: y (rows, outputs) = x (rows, inputs) Wᵀ, with W (outputs, inputs). Widths are multiples of 4; of 8 where
 * an epilogue pairs columns. What becomes of a finished sum is the epilogue's; see linear.wgsl.
 */
export interface LinearShape {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
}

/** The residual is added; or queries and keys get their rotary positions; or SwiGLU's output is written beside. */
export type ForwardEpilogue =
  | { readonly kind: 'plain' }
  | { readonly kind: 'addend' }
  | {
      readonly kind: 'rotary';
      readonly headSize: number;
      readonly turnedHeads: number;
      readonly sequence: number;
    }
  | { readonly kind: 'swiglu' };

export interface LinearForwardShape extends LinearShape {
  readonly epilogue: ForwardEpilogue;
}

/** `swiglu`: dx is the gradient of SwiGLU's output and becomes that of gate and up. `accumulate`: added to what is there. */
export interface LinearBackwardInputShape extends LinearShape {
  readonly epilogue: 'plain' | 'swiglu' | 'accumulate';
}

export interface LinearBackwardWeightShape extends LinearShape {
  /** Adds to the gradient, which another part of the batch has written. */
  readonly accumulate: boolean;
}

/** vec4 between the two columns of a pair. */
function spanOf({ outputs, epilogue }: LinearForwardShape): number {
  if (epilogue.kind === 'rotary') return epilogue.headSize / 8;
  return epilogue.kind === 'swiglu' ? outputs / 8 : 1;
}

function forwardWords(shape: LinearForwardShape): number[] {
  const { rows, inputs, outputs, epilogue } = shape;
  const kind = ['plain', 'addend', 'rotary', 'swiglu'].indexOf(epilogue.kind);
  const rotary = epilogue.kind === 'rotary' ? epilogue : { headSize: 0, turnedHeads: 0, sequence: 1 };
  const turned = (rotary.headSize * rotary.turnedHeads) / 4;
  return [rows, outputs / 4, inputs / 4, kind, spanOf(shape), turned, 0, rotary.sequence];
}

const pairsOf = ({ outputs }: LinearShape) => Math.ceil(outputs / 8);

/** Runs anywhere; a workgroup is 8 lanes wide on a CPU, 8 x 8 on a GPU. */
const rows = { name: 'rows', shader: 'matmul', suits: 'any', fits: () => true } as const;
const rowsOverrides = { lanesX: 8, lanesY: 1 };
const subgroup = {
  name: 'subgroup',
  shader: 'subgroupMatmul',
  suits: 'processor',
  fits: hasLanesOfEight,
} as const;

/** Holds 32 rows, which pays where there are half as many. */
const quad = {
  name: 'quad',
  shader: 'quadMatmul',
  suits: 'processor',
  fits: isLikeSwiftShader,
  overrides: () => ({}),
  pays: ({ rows }: LinearShape) => rows >= 16,
} as const;

/** For generation, which reads a token of each prompt at a time. */
const fewRows = (
  name: string,
  lanes: number,
  mostRows: number,
  suits: 'processor' | 'graphics',
): Variant<LinearForwardShape> => {
  const held = ({ rows }: LinearForwardShape) => (rows === 1 ? 1 : 4);
  return {
    name,
    shader: 'fewRowsMatmul',
    entry: 'forward',
    overrides: (shape) => ({ lanes, heldRows: held(shape) }),
    workgroups: (shape) => [pairsOf(shape), Math.ceil(shape.rows / held(shape)), 1],
    fits: (_adapter, shape) => shape.rows <= mostRows,
    suits,
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

/** Bindings: left dy, right W, projected (rows, 2 inputs: gate, up), product dx (rows, inputs; with SwiGLU 2 inputs). */
export const linearBackwardInput: Operation<LinearBackwardInputShape> = {
  name: 'linear-backward-input',
  words: ({ rows, inputs, outputs, epilogue }) => [
    rows,
    inputs / 4,
    outputs / 4,
    ['plain', 'swiglu', 'accumulate'].indexOf(epilogue),
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
  words: ({ rows, inputs, outputs, accumulate }) => [outputs, inputs / 4, rows, Number(accumulate)],
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
