import { type DenseCodec, denseCodecOf, densePayloadBytes } from '../../relay/wire/dense.ts';
import { decodeManifest, runIdOf, type WholeManifest, WireError } from '../../relay/wire/frames.ts';
import { toHex } from '../../relay/wire/hex.ts';
import { manifestSignedBytes, verifySignature } from '../../relay/wire/signed.ts';
import { Tokenizer } from '../../relay/wire/tapestry_pb.js';
import type { BatchShape } from '../data/batch.ts';
import { byteTokenizer } from '../data/tokenizer.ts';
import { TapestryError } from '../errors.ts';
import type { ModelConfig } from '../model/config.ts';
import { layoutOf, type ParameterLayout } from '../model/parameters.ts';
import type { CosineSchedule } from '../train/schedule.ts';
import type { OptimizerSettings } from '../train/training.ts';

/** What a run asks of a node, checked: nothing in it can make this node allocate or loop past its own limits. */
export interface Agreement {
  /** Id of the run, hex and raw. */
  readonly run: string;
  readonly runBytes: Uint8Array<ArrayBuffer>;
  readonly name: string;
  readonly nations: readonly string[];
  readonly relayKey: Uint8Array;
  readonly config: ModelConfig;
  readonly layout: ParameterLayout;
  readonly shape: BatchShape;
  readonly optimizer: OptimizerSettings;
  readonly schedule: CosineSchedule;
  readonly rounds: number;
  readonly localSteps: number;
  readonly codec: DenseCodec;
}

/** The most that this node takes on, whatever a manifest says. */
export const nodeLimits = {
  parameters: 2 ** 30,
  tokensPerStep: 2 ** 20,
} as const;

/**
 * Reads a Welcome's manifest and holds it to its signature, to the layout this build gives the model, and to what
 * training can work with.
 * @throws TapestryError `relay.bad-manifest`
 */
export async function readAgreement(manifestBytes: Uint8Array, signature: Uint8Array): Promise<Agreement> {
  const bytes = new Uint8Array(manifestBytes);
  const manifest = decoded(bytes);
  if (!(await verifySignature(manifest.relayKey, manifestSignedBytes(bytes), signature))) {
    throw bad('its signature is not by the key it names');
  }
  const { strategy, limits } = manifest;
  const config = modelOf(manifest);
  const layout = layoutOf(config);
  if (layout.hash !== toHex(manifest.model.layout) || layout.length !== manifest.model.parameters) {
    throw bad('its model lies in memory in another way than in this version of Tapestry');
  }
  const codec = codecOf(manifest);
  const tokensPerStep = strategy.batch * strategy.sequence;
  must(layout.length <= nodeLimits.parameters, 'its model is larger than this node takes on');
  must(
    limits.payloadBytes === densePayloadBytes(layout.length, codec),
    "its payload length is not its codec's",
  );
  must(strategy.rounds >= 1 && strategy.localSteps >= 1, 'it has no rounds or no steps');
  must(tokensPerStep >= 1 && tokensPerStep <= nodeLimits.tokensPerStep, 'its batch is empty or too large');
  must(strategy.sequence <= config.contextLength, 'its sequence is longer than its context');
  must(strategy.localSteps * tokensPerStep <= limits.maxTokens, 'a round has more tokens than it allows');
  must(strategy.learningRate > 0 && strategy.epsilon > 0, 'its learning rate or epsilon is not positive');
  must(inUnit(strategy.beta1) && inUnit(strategy.beta2), 'a beta is not in [0, 1)');
  must(strategy.weightDecay >= 0 && strategy.gradientClip > 0, 'its decay or gradient clip is out of range');
  must(strategy.finalFraction >= 0, 'its final fraction is negative');
  const { beta1, beta2, epsilon, weightDecay, gradientClip } = strategy;
  const runBytes = runIdOf(bytes);
  return {
    run: toHex(runBytes),
    runBytes,
    name: manifest.name,
    nations: manifest.nations,
    relayKey: manifest.relayKey,
    config,
    layout,
    shape: { batch: strategy.batch, sequence: strategy.sequence },
    optimizer: { beta1, beta2, epsilon, weightDecay, gradientClip },
    schedule: {
      kind: 'cosine',
      peak: strategy.learningRate,
      warmupSteps: strategy.warmupSteps,
      totalSteps: strategy.rounds * strategy.localSteps,
      finalFraction: strategy.finalFraction,
    },
    rounds: strategy.rounds,
    localSteps: strategy.localSteps,
    codec,
  };
}

function decoded(bytes: Uint8Array): WholeManifest {
  try {
    return decodeManifest(bytes);
  } catch (cause) {
    throw bad('it cannot be read', cause);
  }
}

/** The model's numbers, where they make a decoder at all. */
function modelOf({ model, tokenizer }: WholeManifest): ModelConfig {
  const { vocabularySize, layers, dimension, heads, keyValueHeads, feedForward, contextLength } = model;
  const positive = [layers, dimension, heads, keyValueHeads, feedForward, contextLength].every((n) => n >= 1);
  must(positive, 'a size of its model is zero');
  must(dimension % heads === 0 && heads % keyValueHeads === 0, 'its heads do not divide its dimension');
  must((dimension / heads) % 2 === 0, 'its head size is odd');
  must(model.ropeTheta > 1 && model.normEpsilon > 0, 'its RoPE base or norm epsilon is out of range');
  must(tokenizer === Tokenizer.BYTES, 'its tokenizer is not known here');
  must(vocabularySize === byteTokenizer.vocabularySize, "its vocabulary is not its tokenizer's");
  return {
    vocabularySize,
    layers,
    dimension,
    heads,
    keyValueHeads,
    feedForward,
    contextLength,
    ropeTheta: model.ropeTheta,
    normEpsilon: model.normEpsilon,
    tiedHead: model.tiedHead,
  };
}

function codecOf(manifest: WholeManifest): DenseCodec {
  try {
    return denseCodecOf(manifest.codec);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw bad('its codec has no grid', cause);
  }
}

const inUnit = (value: number) => value >= 0 && value < 1;

function must(holds: boolean, otherwise: string): void {
  if (!holds) throw bad(otherwise);
}

function bad(why: string, cause?: unknown): TapestryError {
  return new TapestryError(
    'relay.bad-manifest',
    `The relay's manifest cannot be worked with: ${why}.`,
    'Use the version of Tapestry that the relay runs, or tell its operator.',
    { cause },
  );
}
