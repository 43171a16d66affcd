import { fileShapeOf, fileSizeOf, spreadPadding } from '../../formats/tensors/padding.ts';
import { Random } from '../../random.ts';
import type { ParameterLayout } from '../parameters.ts';
import { type FlatParameters, tensorOf } from './model-adapter.ts';

/**
 * Initial values of an adapter's parameters: A uniform within 1 / sqrt(inputs) (Kaiming with a = sqrt(5), as in PEFT), B zero,
 * magnitudes the lengths of the base's rows, so that the adapted model begins as the base. The same seed gives the same bits on every JavaScript engine.
 */
export function initialAdapter(
  layout: ParameterLayout,
  base: FlatParameters,
  seed: number,
): Float32Array<ArrayBuffer> {
  const parameters = new Float32Array(layout.length);
  layout.tensors.forEach((tensor, index) => {
    const { name, offset, size } = tensor;
    if (name.endsWith('.lora_magnitude_vector')) {
      const matrix = name.replace('lora_magnitude_vector', 'weight');
      parameters.set(rowLengths(base, matrix), offset);
    }
    if (!name.endsWith('.lora_A.weight')) return;
    const random = Random.seeded(seed, index);
    const bound = 1 / Math.sqrt(fileShapeOf(tensor)[1] ?? 1);
    const values = parameters.subarray(offset, offset + size);
    const drawn = fileSizeOf(tensor);
    for (let i = 0; i < drawn; i++) values[i] = bound * (2 * random.uniform() - 1);
    spreadPadding(tensor, values);
  });
  return parameters;
}

function rowLengths(base: FlatParameters, name: string): Float64Array {
  const values = tensorOf(base, name);
  const outputs = base.layout.tensors.find((tensor) => tensor.name === name)?.shape[0] ?? 0;
  const inputs = values.length / outputs;
  return Float64Array.from({ length: outputs }, (_, o) => {
    const row = values.subarray(o * inputs, (o + 1) * inputs);
    return Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
  });
}
