import type { OnDevice } from '../../../client/contribute/encoding/delta-encoder.ts';
import { BaseDelta } from '../../../client/contribute/round/base-delta.ts';
import { encodeDelta } from '../../../client/contribute/round/error-feedback.ts';
import type { Device } from '../../../client/gpu/device.ts';
import { FlatVector } from '../../../client/gpu/flat-vector.ts';
import { groupAlignment } from '../../../client/model/parameters.ts';
import type { TrainedParameters } from '../../../client/model/weight.ts';
import type { Random } from '../../../client/random.ts';
import type { Codec } from '../../../relay/wire/codec/codec.ts';

type Vector = Float32Array<ArrayBuffer>;

/** The vectors of a trainer of so many parameters, without the trainer. They may be split at every multiple of `groupAlignment`. */
export function trainedOn(
  device: Device,
  length: number,
): OnDevice & { readonly trained: TrainedParameters } {
  const cuts = Array.from({ length: length / groupAlignment }, (_, i) => i * groupAlignment);
  const vector = (label: string) => new FlatVector(device, { label, length, bytesPerElement: 4, cuts });
  const [parameters, gradient] = [vector('parameters'), vector('gradient')];
  const layout = { tensors: [], length, trained: length, hash: '' };
  return { device, trained: { layout, parameters, weights: parameters, gradient } };
}

/** What the processor makes of a delta, which may be no longer than `clipNorm`. */
export function encodedByProcessor(
  base: Vector,
  local: Vector,
  residual: Vector,
  codec: Codec,
  clipNorm = codec.clipNorm,
) {
  const delta = BaseDelta.between(base, local, clipNorm);
  return { ...encodeDelta(delta, residual, codec), norm: delta.norm };
}

/** Parameters before and after training: a quarter did not change, and a quarter changed by one of a few equal steps. */
export function trainedValues(random: Random, length: number) {
  const base = Float32Array.from({ length }, () => random.normal());
  const local = base.map((value) => {
    const kind = random.below(4);
    if (kind === 0) return value;
    return value + (kind === 1 ? 0.01 * (random.below(5) - 2) : 0.01 * random.normal());
  });
  return { base, local };
}
