import type { Batch, BatchShape } from '../../data/batch.ts';
import { type AdaptedMatrix, adapterNames } from '../adapter/settings.ts';
import type { ModelConfig } from '../config.ts';
import type { ParameterLayout } from '../parameters.ts';
import { referenceStep } from './model.ts';
import { addScaled, at, dot, row } from './vector.ts';

/** An adapter in float64: `values` over a layout that has its tensors. */
export interface ReferenceAdapter {
  readonly matrices: readonly AdaptedMatrix[];
  readonly layout: ParameterLayout;
  readonly values: Float64Array;
}

function tensorOf(layout: ParameterLayout, values: Float64Array, name: string): Float64Array {
  const place = layout.tensors.find((tensor) => tensor.name === name);
  if (place === undefined) throw new RangeError(`the layout has no tensor ${name}`);
  return values.subarray(place.offset, place.offset + place.size);
}

/** The model's parameters with every adapted matrix replaced by W + scale B A. */
function referenceSums(
  model: ParameterLayout,
  parameters: Float64Array,
  { matrices, layout, values }: ReferenceAdapter,
): Float64Array {
  const merged = parameters.slice();
  for (const { name, rank, scale, outputs, inputs } of matrices) {
    const names = adapterNames(name);
    const [a, b] = [tensorOf(layout, values, names.a), tensorOf(layout, values, names.b)];
    const w = tensorOf(model, merged, name);
    for (let o = 0; o < outputs; o++)
      for (let k = 0; k < rank; k++)
        addScaled(row(w, o, inputs), scale * at(b, o * rank + k), row(a, k, inputs));
  }
  return merged;
}

/** The lengths of the rows of a matrix (outputs, inputs). */
function lengths(values: Float64Array, inputs: number): Float64Array {
  return Float64Array.from({ length: values.length / inputs }, (_, o) =>
    Math.sqrt(dot(row(values, o, inputs), row(values, o, inputs))),
  );
}

/** The loss of a batch, and its gradient by the adapter's parameters through that of the merged weights. DoRA's lengths are constants. */
export function referenceAdapterStep(
  config: ModelConfig,
  model: ParameterLayout,
  parameters: Float64Array,
  adapter: ReferenceAdapter,
  batch: Batch,
  shape: BatchShape,
): { loss: number; rowLosses: Float64Array; gradient: Float64Array } {
  const { matrices, layout, values } = adapter;
  const sums = referenceSums(model, parameters, adapter);
  const merged = sums.slice();
  for (const { name, dora, outputs, inputs } of matrices) {
    if (!dora) continue;
    const w = tensorOf(model, merged, name);
    const magnitudes = tensorOf(layout, values, adapterNames(name).magnitude);
    lengths(w, inputs).forEach((length, o) => {
      const own = row(w, o, inputs);
      own.set(own.map((value) => (value * at(magnitudes, o)) / length));
    });
    if (outputs !== magnitudes.length) throw new RangeError(`${name} has ${outputs} rows`);
  }
  const step = referenceStep(config, model, merged, batch, shape);
  const gradient = new Float64Array(layout.length);
  for (const { name, rank, scale, dora, outputs, inputs } of matrices) {
    const names = adapterNames(name);
    const [a, b] = [tensorOf(layout, values, names.a), tensorOf(layout, values, names.b)];
    const [ofA, ofB] = [tensorOf(layout, gradient, names.a), tensorOf(layout, gradient, names.b)];
    const ofW = tensorOf(model, step.gradient, name);
    if (dora) {
      const magnitudes = tensorOf(layout, values, names.magnitude);
      const ofMagnitudes = tensorOf(layout, gradient, names.magnitude);
      const unscaled = tensorOf(model, sums, name);
      lengths(unscaled, inputs).forEach((length, o) => {
        const own = row(ofW, o, inputs);
        ofMagnitudes[o] = dot(own, row(unscaled, o, inputs)) / length;
        own.set(own.map((value) => (value * at(magnitudes, o)) / length));
      });
    }
    for (let o = 0; o < outputs; o++) {
      const own = row(ofW, o, inputs);
      for (let k = 0; k < rank; k++) {
        ofB[o * rank + k] = scale * dot(own, row(a, k, inputs));
        addScaled(row(ofA, k, inputs), scale * at(b, o * rank + k), own);
      }
    }
  }
  return { loss: step.loss, rowLosses: step.rowLosses, gradient };
}
