import type { NewRun } from '../../../../relay/run/run.ts';
import type { Codec } from '../../../../relay/wire/codec/codec.ts';
import { denseCodec } from '../../../../relay/wire/codec/dense.ts';
import { sparseCodec } from '../../../../relay/wire/codec/sparse.ts';
import { statisticalCodec } from '../../../../relay/wire/codec/statistical.ts';

export const codecNames = ['dense', 'sparse', 'statistical'] as const;
export type CodecName = (typeof codecNames)[number];

/** 8 bits and a shift for each 256 parameters: 8.03 bits a parameter, from 2^-20 to about a half. */
const denseGrid = { bits: 8, block: 256, exponent: -20, maxShift: 12 };

/**
 * SparseLoCo's settings (arXiv 2508.15706): 64 values of each 4,096, in 2 bits each, and a residual that decays by 0.95: 0.22 bits
 * a parameter, from 2^-22 to about 1.
 */
export const sparseGrid = { chunk: 4096, top: 64, exponent: -22, maxShift: 14, feedbackDecay: 0.95 };

/**
 * 2 bits a value, and two magnitudes for each 4,096 values: 2.006 bits a parameter, from 2^-22 to about 1. The residual decays by
 * MuLoCo's 0.9 (arXiv 2505.23725).
 */
const statisticalGrid = { block: 4096, exponent: -22, maxShift: 14, feedbackDecay: 0.9 };

/** A delta's greatest L2 norm: some four times what 10 to 30 steps of an honest node were seen to give. */
function clipNormOf(parameters: number): number {
  return 0.05 * Math.sqrt(parameters);
}

/** The codec of a new run of so many parameters, as its manifest has it and as it works. */
export function codecFor(
  name: CodecName,
  parameters: number,
): { readonly draft: NonNullable<NewRun['manifest']['codec']>; readonly codec: Codec } {
  const clipNorm = clipNormOf(parameters);
  if (name === 'dense') {
    const value = { ...denseGrid, clipNorm };
    return { draft: { case: 'dense', value }, codec: denseCodec(value) };
  }
  if (name === 'statistical') {
    const value = { ...statisticalGrid, clipNorm };
    return { draft: { case: 'statistical', value }, codec: statisticalCodec(value) };
  }
  const value = { ...sparseGrid, clipNorm };
  return { draft: { case: 'sparse', value }, codec: sparseCodec(value) };
}

/**
 * Sizes of the tensors that begin at these offsets of a vector, for the robust mean. Each but the last is a multiple of
 * `whole`: a border between tensors moves to the nearest multiple, and tensors that become empty join their neighbours.
 */
export function tensorSizes(starts: readonly number[], length: number, whole: number): number[] {
  const borders = starts
    .map((start) => Math.round(start / whole) * whole)
    .filter((at) => at > 0 && at < length);
  return sizesBetween([0, ...new Set(borders), length]);
}

/**
 * The same for a run that grants its upper layers, which begin at `from`: one of the borders is there, and each tensor has at least
 * `least` values, so that it has values of each delta wherever the chunks of a payload begin. One that would be shorter joins its neighbour.
 */
export function rangedSizes(
  starts: readonly number[],
  length: number,
  from: number,
  least: number,
): number[] {
  const edges = [0];
  for (const end of [from, length]) {
    for (const start of starts)
      if (start - (edges.at(-1) ?? 0) >= least && end - start >= least) edges.push(start);
    edges.push(end);
  }
  return sizesBetween(edges);
}

const sizesBetween = (edges: readonly number[]) => edges.slice(1).map((edge, i) => edge - (edges[i] ?? 0));
