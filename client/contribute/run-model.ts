import type { MessageInitShape } from '@bufbuild/protobuf';
import type { WholeModel } from '../../relay/wire/frames.ts';
import { fromHex } from '../../relay/wire/hex.ts';
import type { Model, ModelSchema } from '../../relay/wire/tapestry_pb.js';
import { ownHeadSize } from '../formats/decoder/head-size.ts';
import type { ModelConfig } from '../model/config.ts';
import type { ParameterLayout } from '../model/parameters.ts';

/** The model that a manifest describes. */
export function modelConfigOf(model: WholeModel): ModelConfig {
  const scaling = model.ropeScaling;
  const scaled = (): Pick<ModelConfig, 'ropeScaling'> => {
    if (scaling.case === 'unscaled') return {};
    const { factor, lowFrequencyFactor, highFrequencyFactor, originalContext } = scaling.value;
    return { ropeScaling: { factor, lowFrequencyFactor, highFrequencyFactor, originalContext } };
  };
  return {
    vocabularySize: model.vocabularySize,
    layers: model.layers,
    dimension: model.dimension,
    heads: model.heads,
    ...(model.headSize > 0 && { headSize: model.headSize }),
    keyValueHeads: model.keyValueHeads,
    feedForward: model.feedForward,
    contextLength: model.contextLength,
    ropeTheta: model.ropeTheta,
    ...scaled(),
    normEpsilon: model.normEpsilon,
    tiedHead: model.tiedHead,
  };
}

/** A model as a manifest describes it. */
export function manifestModel(
  { ropeScaling, ...config }: ModelConfig,
  { length, hash }: ParameterLayout,
): Exclude<MessageInitShape<typeof ModelSchema>, Model> {
  return {
    ...config,
    headSize: ownHeadSize(config).headSize ?? 0,
    ropeScaling:
      ropeScaling === undefined
        ? { case: 'unscaled', value: {} }
        : { case: 'llama3', value: { ...ropeScaling } },
    parameters: length,
    layout: fromHex(hash),
  };
}
