import { referenceAdamW } from '../../../client/model/reference/adamw.ts';
import { at } from '../../../client/model/reference/vector.ts';
import { castF16 } from '../../../client/train/cast-f16.ts';
import { clip, sumSquares } from '../../../client/train/optimizer/gradient-norm.ts';
import { adamw, stepValueCount, writeStepValues } from '../../../client/train/optimizer/optimizer.ts';
import { type Case, caseOf } from './case.ts';
import { type Draw, f32, struct, u32, untouched, unwritten } from './draw.ts';

export const settings = {
  beta1: 0.8,
  beta2: 0.9,
  epsilon: 1e-6,
  weightDecay: 0.3,
  gradientClip: 1,
  muon: { momentum: 0.95 },
};
export const learningRate = 0.02;
export const factor = 0.25;
const step = 5;

export function stepValues() {
  const values = new Float32Array(stepValueCount);
  writeStepValues(values, settings, learningRate);
  return f32(values);
}

/** The state that gradient-norm.wgsl writes before step number `step`. */
export const clipping = (applies: boolean) =>
  struct([
    ['f32', 4],
    ['f32', factor],
    ['u32', Number(applies)],
    ['f32', 1 / (1 - settings.beta1 ** step)],
    ['f32', 1 / (1 - settings.beta2 ** step)],
    ['f32', 1],
  ]);

export function castF16Cases(draw: Draw): Case[] {
  return [4, 128, 4 * draw.upTo(300)].map((length) => {
    const parameters = draw.f32(length);
    const weights = unwritten('stored', length);
    return caseOf(castF16, { length }, { parameters, weights }, { weights: parameters.values });
  });
}

export function sumSquaresCases(draw: Draw): Case[] {
  return [
    { vectors: 1, sums: 1, firstPartial: 0 },
    { vectors: 160, sums: 3, firstPartial: 2 },
    { vectors: 64 * draw.upTo(60), sums: draw.upTo(80), firstPartial: draw.upTo(9) },
  ].map((shape) => {
    const gradient = draw.f32(4 * shape.vectors);
    const partials = untouched(shape.firstPartial + shape.sums);
    partials.fill(0, shape.firstPartial);
    gradient.values.forEach((value, i) => {
      const sum = shape.firstPartial + (Math.floor(i / 4) % shape.sums);
      partials[sum] = at(partials, sum) + value * value;
    });
    return caseOf(sumSquares, shape, { gradient, partials: unwritten('f32', partials.length) }, { partials });
  });
}

/** Gradients longer and shorter than the clip, and one finite update before the loss scale doubles. */
export function clipCases(draw: Draw): Case[] {
  return [
    { partials: 1, growthInterval: 0, size: 1e-3 },
    { partials: 300, growthInterval: 8, size: 1 },
    { partials: draw.upTo(200), growthInterval: 20, size: 1 },
  ].map(({ size, ...shape }) => {
    const lossScale = 4;
    const goodSteps = 7;
    const allPartials = f32(draw.f32(shape.partials, size).values.map((value) => value * value));
    const norm = Math.sqrt(allPartials.values.reduce((sum, value) => sum + value, 0)) / lossScale;
    const [firstWeight, secondWeight] = [1 - settings.beta1 ** (step - 1), 1 - settings.beta2 ** (step - 1)];
    const [first, second] = [1 - settings.beta1 ** step, 1 - settings.beta2 ** step];
    const scaling = struct([
      ['f32', lossScale],
      ['u32', goodSteps],
      ['f32', firstWeight],
      ['f32', secondWeight],
      ['u32', step - 1],
      ['u32', 2],
      ['u32', 3],
    ]);
    const doubles = goodSteps + 1 === shape.growthInterval;
    const clipped = Math.min(1, settings.gradientClip / norm) / lossScale;
    return caseOf(
      clip,
      shape,
      {
        stepValues: stepValues(),
        allPartials,
        clipping: unwritten(clipping(true).encoding, 6),
        scaling,
      },
      {
        clipping: Float64Array.of(norm, clipped, 1, 1 / first, 1 / second, lossScale),
        scaling: Float64Array.of(
          doubles ? 2 * lossScale : lossScale,
          doubles ? 0 : goodSteps + 1,
          first,
          second,
          step,
          2,
          0,
        ),
      },
    );
  });
}

/** A part of a vector from `offset` on, each block of 64 by a rule of its own; and an update that is left out. */
export function adamwCases(draw: Draw): Case[] {
  return [
    { offset: 0, blocks: 1, applies: true },
    { offset: 128, blocks: 7, applies: true },
    { offset: 0, blocks: draw.upTo(30), applies: true },
    { offset: 64, blocks: 3, applies: false },
  ].map(({ offset, blocks, applies }) => {
    const length = 64 * blocks;
    const rules = Array.from({ length: offset / 64 + blocks }, (_, block) => (block + draw.upTo(3)) % 3);
    const ruleOf = (block: number) => rules[offset / 64 + block];
    const given = {
      gradient: draw.f32(length),
      parameters: draw.f32(length),
      firstMoment: draw.f32(length, 0.1),
      secondMoment: f32(draw.f32(length, 0.1).values.map(Math.abs)),
    };
    const state = {
      step: step - 1,
      parameters: given.parameters.values.slice(),
      firstMoment: given.firstMoment.values.slice(),
      secondMoment: given.secondMoment.values.slice(),
    };
    const tensors = Array.from({ length: blocks }, (_, block) => ({
      name: '',
      shape: [64],
      offset: 64 * block,
      size: 64,
      decay: ruleOf(block) === 1,
    }));
    referenceAdamW(
      state,
      given.gradient.values.map((value) => value * factor),
      { ...settings, gradientClip: Number.POSITIVE_INFINITY },
      learningRate,
      { tensors },
    );
    const written = (values: Float64Array) =>
      values.map((value, i) => (applies && ruleOf(Math.floor(i / 64)) !== 2 ? value : Number.NaN));
    return caseOf(
      adamw,
      { offset, length },
      { ...given, stepValues: stepValues(), clipping: clipping(applies), rules: u32(rules) },
      {
        parameters: written(state.parameters),
        firstMoment: written(state.firstMoment),
        secondMoment: written(state.secondMoment),
      },
    );
  });
}
