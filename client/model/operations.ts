import type { Binding, ProgramBuilder, Workgroups } from '../gpu/program.ts';
import { floatBits } from '../gpu/program.ts';

/**
 * One function for each kernel: records its dispatch with the shape and the workgroups it needs. Bindings are the
 * shaders' own names; extents are in elements. Widths are multiples of 4, a head's width of 8.
 */

export interface EmbeddingShape {
  readonly rows: number;
  readonly vocabulary: number;
  readonly width: number;
}

export function embeddingForward(
  program: ProgramBuilder,
  bindings: { tokens: Binding; table: Binding; output: Binding },
  { rows, vocabulary, width }: EmbeddingShape,
): void {
  const { stride, workgroups } = flat((rows * width) / 4, lanesOf(program, 'embedding'));
  program.record('embedding', 'forward', bindings, [rows, vocabulary, width / 4, 0, stride], workgroups);
}

/** `accumulate` adds to the table's gradient, which a tied head has written already. */
export function embeddingBackward(
  program: ProgramBuilder,
  bindings: { order: Binding; starts: Binding; outputGradient: Binding; tableGradient: Binding },
  { rows, vocabulary, width }: EmbeddingShape,
  accumulate: boolean,
): void {
  const { stride, workgroups } = flat((vocabulary * width) / 4, lanesOf(program, 'embedding'));
  const shape = [rows, vocabulary, width / 4, Number(accumulate), stride];
  program.record('embedding', 'backward', bindings, shape, workgroups);
}

export interface RmsNormShape {
  readonly rows: number;
  readonly width: number;
  readonly epsilon: number;
}

export function rmsNormForward(
  program: ProgramBuilder,
  bindings: { input: Binding; gain: Binding; output: Binding; inverse: Binding },
  { rows, width, epsilon }: RmsNormShape,
): void {
  const workgroups = rowGroups(program, 'rmsNorm', rows);
  program.record('rmsNorm', 'forward', bindings, [rows, width / 4, floatBits(epsilon), 0], workgroups);
}

/** `accumulate` adds to the input's gradient instead of writing it. */
export function rmsNormBackward(
  program: ProgramBuilder,
  bindings: {
    input: Binding;
    gain: Binding;
    savedInverse: Binding;
    outputGradient: Binding;
    inputGradient: Binding;
    gainGradient: Binding;
  },
  { rows, width, epsilon }: RmsNormShape,
  accumulate: boolean,
): void {
  const { gainGradient, inputGradient, gain, ...shared } = bindings;
  const shape = [rows, width / 4, floatBits(epsilon), Number(accumulate)];
  const columns: Workgroups = [Math.ceil(width / 4 / (program.variants.rmsNorm['groups'] ?? 1)), 1, 1];
  program.record('rmsNorm', 'backwardGain', { ...shared, gainGradient }, shape, columns);
  const workgroups = rowGroups(program, 'rmsNorm', rows);
  program.record('rmsNorm', 'backward', { ...shared, gain, inputGradient }, shape, workgroups);
}

export interface LinearShape {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
}

/** output (rows, outputs) = input (rows, inputs) weightᵀ, plus `addend` where there is one. */
export function linearForward(
  program: ProgramBuilder,
  bindings: { input: Binding; weight: Binding; output: Binding; addend?: Binding },
  { rows, inputs, outputs }: LinearShape,
): void {
  const { input, weight, output, addend } = bindings;
  program.record(
    program.variants.linear,
    'forward',
    // Something must be bound; without an addend the kernel never reads it.
    { left: input, right: weight, addend: addend ?? input, product: output },
    [rows, outputs, inputs, Number(addend !== undefined)],
    tiles(program, 'forward', rows, outputs / 4),
  );
}

export function linearBackward(
  program: ProgramBuilder,
  bindings: {
    input: Binding;
    weight: Binding;
    outputGradient: Binding;
    inputGradient: Binding;
    weightGradient: Binding;
  },
  { rows, inputs, outputs }: LinearShape,
): void {
  const { input, weight, outputGradient, inputGradient, weightGradient } = bindings;
  program.record(
    program.variants.linear,
    'backwardWeight',
    { left: outputGradient, right: input, product: weightGradient },
    [outputs, inputs, rows, 0],
    tiles(program, 'backwardWeight', outputs, inputs / 4),
  );
  program.record(
    program.variants.linear,
    'backwardInput',
    { left: outputGradient, right: weight, product: inputGradient },
    [rows, inputs, outputs, 0],
    tiles(program, 'backwardInput', rows, inputs / 4),
  );
}

export interface AttentionShape {
  readonly batch: number;
  readonly sequence: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
}

/** Rotates queries and keys of `qkv` in place, then attends. */
export function attentionForward(
  program: ProgramBuilder,
  bindings: { rotation: Binding; qkv: Binding; output: Binding; logSums: Binding },
  shape: AttentionShape,
): void {
  const { rotation, qkv, output, logSums } = bindings;
  const rows = shape.batch * shape.sequence;
  const pairs = (rows * (shape.heads + shape.keyValueHeads) * shape.headSize) / 8;
  const { stride, workgroups } = flat(pairs, program.variants[program.variants.attend]['rotateLanes'] ?? 1);
  const words = [shape.sequence, shape.heads, shape.keyValueHeads, shape.headSize / 4, rows, stride];
  program.record(program.variants.attend, 'rotate', { rotation, rotated: qkv }, words, workgroups);
  const places: Workgroups = [sequenceGroups(program, shape), shape.heads, shape.batch];
  program.record(program.variants.attend, 'forward', { qkv, output, logSums }, words, places);
}

/** `deltas` (rows, heads) is scratch; `qkvGradient` is the gradient before the rotation. */
export function attentionBackward(
  program: ProgramBuilder,
  bindings: {
    rotation: Binding;
    qkv: Binding;
    savedOutput: Binding;
    savedLogSums: Binding;
    outputGradient: Binding;
    deltas: Binding;
    qkvGradient: Binding;
  },
  shape: AttentionShape,
): void {
  const { savedOutput, deltas, ...shared } = bindings;
  const rows = shape.batch * shape.sequence;
  const words = [shape.sequence, shape.heads, shape.keyValueHeads, shape.headSize / 4, rows, 0];
  const groups = sequenceGroups(program, shape);
  const queries = { ...shared, savedOutput, deltas };
  program.record(program.variants.attend, 'backwardQuery', queries, words, [
    groups,
    shape.heads,
    shape.batch,
  ]);
  const keys = { ...shared, savedDeltas: deltas };
  const places: Workgroups = [groups, shape.keyValueHeads, shape.batch];
  program.record(program.variants.attend, 'backwardKeyValue', keys, words, places);
}

/** output (rows, width) from projected (rows, gate then up). */
export function swigluForward(
  program: ProgramBuilder,
  bindings: { projected: Binding; output: Binding },
  { rows, width }: { rows: number; width: number },
): void {
  const { stride, workgroups } = flat((rows * width) / 4, lanesOf(program, 'swiglu'));
  program.record('swiglu', 'forward', bindings, [rows, width / 4, stride], workgroups);
}

export function swigluBackward(
  program: ProgramBuilder,
  bindings: { projected: Binding; outputGradient: Binding; projectedGradient: Binding },
  { rows, width }: { rows: number; width: number },
): void {
  const { stride, workgroups } = flat((rows * width) / 4, lanesOf(program, 'swiglu'));
  program.record('swiglu', 'backward', bindings, [rows, width / 4, stride], workgroups);
}

/** Turns logits (rows, vocabulary) into their gradient, in place, and writes each row's loss. */
export function crossEntropy(
  program: ProgramBuilder,
  bindings: { stepValues: Binding; targets: Binding; logits: Binding; losses: Binding },
  { rows, vocabulary }: { rows: number; vocabulary: number },
): void {
  const workgroups = rowGroups(program, 'crossEntropy', rows);
  program.record('crossEntropy', 'forwardBackward', bindings, [rows, vocabulary / 4], workgroups);
}

/** Enough lines of workgroups for `invocations` in a row; `stride` is the invocations in one line. */
export function flat(invocations: number, lanes: number): { stride: number; workgroups: Workgroups } {
  const groups = Math.ceil(invocations / lanes);
  const x = Math.min(groups, 65_535);
  return { stride: x * lanes, workgroups: [x, Math.ceil(groups / x), 1] };
}

function lanesOf(program: ProgramBuilder, shader: 'embedding' | 'swiglu'): number {
  return program.variants[shader]['lanes'] ?? 1;
}

function rowGroups(program: ProgramBuilder, shader: 'rmsNorm' | 'crossEntropy', rows: number): Workgroups {
  return [1, Math.ceil(rows / (program.variants[shader]['groups'] ?? 1)), 1];
}

/** Rows of the product that one invocation holds, each 4 columns wide. */
const heldRows = {
  matmul: { forward: 8, backwardInput: 8, backwardWeight: 8 },
  subgroupMatmul: { forward: 16, backwardInput: 16, backwardWeight: 32 },
} as const;

function tiles(
  program: ProgramBuilder,
  entry: keyof (typeof heldRows)['matmul'],
  rows: number,
  columns: number,
): Workgroups {
  const { linear } = program.variants;
  const { lanesX = 8, lanesY = 1 } = program.variants[linear];
  return [Math.ceil(columns / lanesX), Math.ceil(rows / heldRows[linear][entry] / lanesY), 1];
}

/** An invocation owns 4 places of the sequence. */
function sequenceGroups(program: ProgramBuilder, { sequence }: AttentionShape): number {
  return Math.ceil(sequence / 4 / (program.variants[program.variants.attend]['lanes'] ?? 1));
}
