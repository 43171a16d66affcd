import type { Device } from '../../client/gpu/device.ts';
import { FlatVector } from '../../client/gpu/flat-vector.ts';
import { Readback } from '../../client/gpu/readback.ts';
import type { ParameterLayout } from '../../client/model/parameters.ts';
import { Random } from '../../client/random.ts';
import { decodeScaling, encodeScaling } from '../../client/train/optimizer/loss-scaling.ts';
import {
  blockRules,
  clippingWords,
  recordUpdate,
  stepValueCount,
  writeStepValues,
} from '../../client/train/optimizer/optimizer.ts';
import type { OptimizerSettings, Scaling } from '../../client/train/training.ts';
import { randomValues, runOperation } from './operation.ts';

export const learningRate = 0.02;

/** Random values in the tensors, zeros in the gaps between them. */
function randomVector(layout: ParameterLayout, random: Random, scale: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(layout.length);
  for (const { offset, size } of layout.tensors)
    values.set(
      randomValues(random, size).map((value) => value * scale),
      offset,
    );
  return values;
}

export interface Vectors {
  readonly gradient: Float32Array<ArrayBuffer>;
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly firstMoment: Float32Array<ArrayBuffer>;
  readonly secondMoment: Float32Array<ArrayBuffer>;
}

export function randomVectors(layout: ParameterLayout, gradientScale: number): Vectors {
  const random = Random.seeded(3);
  return {
    gradient: randomVector(layout, random, gradientScale),
    parameters: randomVector(layout, random, 1),
    firstMoment: randomVector(layout, random, 0.01),
    secondMoment: randomVector(layout, random, 0.01).map(Math.abs),
  };
}

/** One update on the GPU; `adapter` decides the variants. */
export async function updated(
  adapter: Device,
  layout: ParameterLayout,
  settings: OptimizerSettings,
  vectors: Vectors,
  before: Scaling,
  { growthInterval = 0, maxBindingBytes = 2 ** 27 } = {},
) {
  const onDevice = (values: Float32Array<ArrayBuffer>) => {
    const options = { label: '', length: layout.length, bytesPerElement: 4, cuts: [] } as const;
    const made = new FlatVector(adapter, options);
    made.write(values);
    return made;
  };
  const flat = {
    gradient: onDevice(vectors.gradient),
    parameters: onDevice(vectors.parameters),
    firstMoment: onDevice(vectors.firstMoment),
    secondMoment: onDevice(vectors.secondMoment),
  };
  const stepValues = new Float32Array(stepValueCount);
  writeStepValues(stepValues, settings, learningRate);
  const others = {
    stepValues,
    rules: blockRules(layout, settings),
    clipping: new Float32Array(clippingWords),
    scaling: encodeScaling(before),
  };
  const options = { layout, settings, growthInterval, maxBindingBytes };
  const results = await runOperation(adapter, others, (program, ranges) =>
    recordUpdate(program, { ...flat, ...ranges }, options),
  );
  const readback = new Readback(adapter);
  const [parameters, firstMoment, secondMoment] = await Promise.all(
    [flat.parameters, flat.firstMoment, flat.secondMoment].map((vector) => vector.read(readback)),
  );
  readback.close();
  if (!parameters || !firstMoment || !secondMoment) throw new Error('a vector was not read');
  const scaling = decodeScaling(results('scaling'));
  return { parameters, firstMoment, secondMoment, scaling, norm: results('clipping')[0] ?? Number.NaN };
}
