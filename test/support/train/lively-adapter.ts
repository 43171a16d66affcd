import { initialAdapter } from '../../../client/model/adapter/initial.ts';
import {
  type FlatParameters,
  type ModelAdapter,
  modelAdapter,
} from '../../../client/model/adapter/model-adapter.ts';
import { type AdapterSettings, adapterLayout } from '../../../client/model/adapter/settings.ts';
import { Random } from '../../../client/random.ts';

/** Parameters of an adapter whose B is not zero, as after some training. */
export function livelyValues(
  base: FlatParameters,
  settings: AdapterSettings,
  seed: number,
): Float32Array<ArrayBuffer> {
  const layout = adapterLayout(base.layout, settings);
  const values = initialAdapter(layout, base, seed);
  const random = Random.seeded(seed, 99);
  for (const { name, offset, size } of layout.tensors)
    if (name.includes('lora_B'))
      for (let i = offset; i < offset + size; i++) values[i] = 0.1 * random.normal();
  return values;
}

export function livelyAdapter(base: FlatParameters, settings: AdapterSettings, seed: number): ModelAdapter {
  return modelAdapter(base.layout, settings, livelyValues(base, settings, seed));
}
