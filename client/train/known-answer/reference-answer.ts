import { isProjection, type ParameterLayout } from '../../model/parameters.ts';
import { referenceAdamW } from '../../model/reference/adamw.ts';
import { referenceStep } from '../../model/reference/model.ts';
import { referenceMuon } from '../../model/reference/muon.ts';
import type { OptimizerSettings } from '../training.ts';
import type { Answer } from './answer.ts';
import { questionOf, questionRate, questionSettings, questionShape } from './question.ts';
import { sketchOf } from './sketch.ts';

/** The answer of the float64 reference. Only the script and the tests compute it: nodes have it stored. */
export function referenceAnswer(headSize: number): Answer {
  const { config, layout, parameters, batch } = questionOf(headSize);
  const start = Float64Array.from(parameters);
  const { loss, gradient } = referenceStep(config, layout, start, batch, questionShape);
  const updateBy = (settings: OptimizerSettings) => {
    const after = updated(start, gradient, settings, layout);
    return rounded(sketchOf(after.map((value, i) => value - (start[i] ?? 0))));
  };
  return {
    headSize,
    loss,
    gradient: layout.tensors.map(({ offset, size }) =>
      rounded(sketchOf(gradient.subarray(offset, offset + size))),
    ),
    adamw: updateBy(questionSettings.adamw),
    muon: updateBy(questionSettings.muon),
  };
}

/** The parameters after the first step. */
function updated(
  start: Float64Array,
  gradient: Float64Array,
  settings: OptimizerSettings,
  layout: ParameterLayout,
): Float64Array {
  const { muon, gradientClip, weightDecay } = settings;
  const parameters = start.slice();
  const hidden = layout.tensors.filter((tensor) => muon !== undefined && isProjection(tensor));
  const others = { ...layout, tensors: layout.tensors.filter((tensor) => !hidden.includes(tensor)) };
  const zeros = () => new Float64Array(start.length);
  const state = { step: 0, parameters, firstMoment: zeros(), secondMoment: zeros() };
  referenceAdamW(state, gradient, settings, questionRate, others);
  const norm = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
  const clipped = gradient.map((value) => value * Math.min(1, gradientClip / norm));
  for (const { offset, size, shape } of hidden) {
    const [rows = 0, columns = 0] = shape;
    const of = (vector: Float64Array) => vector.subarray(offset, offset + size);
    const matrix = { values: of(parameters), rows, columns };
    const how = { momentum: muon?.momentum ?? 0, weightDecay };
    referenceMuon(matrix, new Float64Array(size), of(clipped), how, questionRate);
  }
  return parameters;
}

/** Nine digits are more than 32-bit floats hold. */
function rounded({ norm, sums }: Answer['adamw']): Answer['adamw'] {
  return { norm: Number(norm.toPrecision(9)), sums: sums.map((sum) => Number(sum.toPrecision(9))) };
}
