import { TapestryError } from '../../errors.ts';
import type { ParameterLayout, TensorPlace } from '../../model/parameters.ts';
import type { MergeMethod } from './method.ts';
import { slerp } from './slerp.ts';
import { ties } from './ties.ts';

/** The models to merge: parameters over one layout. */
export interface MergedModels {
  readonly layout: ParameterLayout;
  readonly models: readonly Float32Array[];
  /** What TIES and DARE take differences from. */
  readonly base?: Float32Array;
}

/**
 * Merges models a tensor at a time; `methodOf` gives the method of each tensor. Sums are float64 and rounded once. The same models
 * and seed give the same bits. Throws TapestryError `merge.models` if the number of models or a missing base does not fit.
 */
export function mergeModels(
  { layout, models, base }: MergedModels,
  methodOf: (tensor: TensorPlace) => MergeMethod,
): Float32Array<ArrayBuffer> {
  for (const vector of base === undefined ? models : [...models, base])
    if (vector.length !== layout.length)
      throw refused(
        `a model has ${vector.length} values where its layout has ${layout.length}`,
        'Merge models of one configuration.',
      );
  const merged = new Float32Array(layout.length);
  layout.tensors.forEach((tensor, stream) => {
    const of = (vector: Float32Array) => vector.subarray(tensor.offset, tensor.offset + tensor.size);
    const rounded = of(merged);
    rounded.set(mergeTensor(methodOf(tensor), models.map(of), base && of(base), stream));
    if (!rounded.every(Number.isFinite))
      throw refused(`${tensor.name} would have values that are not finite`, 'Choose smaller weights.');
  });
  return merged;
}

function mergeTensor(
  method: MergeMethod,
  models: readonly Float32Array[],
  base: Float32Array | undefined,
  stream: number,
): Float64Array {
  const [first, second] = models;
  if (first === undefined) throw refused('there is no model', 'Name at least one.');
  switch (method.kind) {
    case 'linear': {
      const { weights, normalize } = method;
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      if (normalize && Math.abs(total) < 1e-8)
        throw refused('the weights add up to 0', 'Choose other weights.');
      return Float64Array.from(first, (_, at) => {
        const sum = models.reduce((all, model, i) => all + (weights[i] ?? 1) * (model[at] ?? Number.NaN), 0);
        return normalize ? sum / total : sum;
      });
    }
    case 'slerp':
      if (second === undefined || models.length > 2)
        throw refused(`slerp is between two models, and there are ${models.length}`, 'Name two.');
      return slerp(first, second, method.fraction);
    case 'ties':
    case 'dare-ties':
      if (base === undefined)
        throw refused(`${method.kind} has no base`, 'Name the model that the others began from.');
      return ties(method, base, models, stream);
    default:
      return method satisfies never;
  }
}

function refused(reason: string, action: string): TapestryError {
  return new TapestryError('merge.models', `The models cannot be merged: ${reason}.`, action);
}
