import type { Codec } from '../../relay/wire/codec/codec.ts';
import { runIdOf, type WholeManifest, WireError } from '../../relay/wire/frames.ts';
import { toHex } from '../../relay/wire/hex.ts';
import { readManifest } from '../../relay/wire/manifest.ts';
import { manifestSignedBytes, verifySignature } from '../../relay/wire/signatures.ts';
import { byteTokenizer } from '../data/tokenizer.ts';
import { TapestryError } from '../errors.ts';
import { maxTokenizerBytes } from '../formats/tokenizer-json.ts';
import type { ModelConfig } from '../model/config.ts';
import { layoutOf, type ParameterLayout } from '../model/parameters.ts';
import { upperLayers } from '../model/upper-layers.ts';
import type { Synchronization } from './round/local-model.ts';
import { modelConfigOf } from './run-model.ts';
import { localShareOf, problemOfStrategy, type StrategyTerms, strategyTermsOf } from './strategy-terms.ts';

/** A run's checked requirements of a node. None of them makes the node allocate or loop beyond its own limits. */
export interface RunTerms extends StrategyTerms, Synchronization {
  /** Id of the run, hex and raw. */
  readonly run: string;
  readonly runBytes: Uint8Array<ArrayBuffer>;
  readonly name: string;
  readonly corpora: readonly string[];
  readonly relayKey: Uint8Array;
  readonly config: ModelConfig;
  readonly tokenizer: TokenizerTerms;
  readonly layout: ParameterLayout;
  readonly codec: Codec;
  /** Of the deltas by which this node follows the bases; null where it downloads each base whole. */
  readonly downlink: Codec | null;
  /** Whether the relay plans when each round asks for work; else every node trains its local steps. */
  readonly isTimed: boolean;
  /** How many rounds old the round may be that a contribution began from: more than 0 only in a run with arrivals. */
  readonly staleness: number;
}

/** A file that the relay serves as a blob. */
export interface FileTerms {
  /** SHA-256, hex. */
  readonly hash: string;
  readonly bytes: number;
}

/** The byte tokenizer, or a tokenizer.json with its tokenizer_config.json. */
export type TokenizerTerms =
  | { readonly kind: 'bytes' }
  | { readonly kind: 'file'; readonly file: FileTerms; readonly config: FileTerms };

/** The largest model, in parameters, that a node accepts from a manifest. */
const maxParameters = 2 ** 30;

/**
 * Reads the manifest of a Welcome. Checks its signature, that this version gives the model the same layout, and that
 * training can use its settings.
 * @throws TapestryError `relay.bad-manifest`
 */
export async function readRunTerms(manifestBytes: Uint8Array, signature: Uint8Array): Promise<RunTerms> {
  const bytes = new Uint8Array(manifestBytes);
  const { manifest, codec, fragments, downlink } = decoded(bytes);
  if (!(await verifySignature(manifest.relayKey, manifestSignedBytes(bytes), signature))) {
    throw bad('its signature is not by the key it names');
  }
  const { strategy, limits } = manifest;
  const config = modelOf(manifest);
  const layout = layoutOf(config);
  if (layout.hash !== toHex(manifest.model.layout) || layout.length !== manifest.model.parameters) {
    throw bad('its model has another layout than in this version of Tapestry');
  }
  const { upper } = fragments;
  must(
    upper === null || upperLayers(config, upper.layers, layout).from === upper.from,
    'its upper layers begin elsewhere than in this version of Tapestry',
  );
  const problem = problemOfStrategy(strategy);
  if (problem !== null) throw bad(problem);
  const tokens = strategy.localSteps * strategy.batch * strategy.sequence;
  must(layout.length <= maxParameters, 'its model is larger than this node accepts');
  must(strategy.sequence <= config.contextLength, 'its sequence is longer than its context');
  must(tokens <= limits.maxTokens, 'a round has more tokens than it allows');
  const runBytes = runIdOf(bytes);
  return {
    run: toHex(runBytes),
    runBytes,
    name: manifest.name,
    corpora: manifest.corpora,
    relayKey: manifest.relayKey,
    config,
    tokenizer: tokenizerOf(manifest),
    layout,
    ...strategyTermsOf(strategy),
    codec,
    downlink,
    fragments,
    localShare: localShareOf(strategy),
    isTimed: manifest.pace.case === 'timed',
    staleness: manifest.pace.case === 'arrivals' ? manifest.pace.value.maxStaleness : 0,
  };
}

function decoded(bytes: Uint8Array): ReturnType<typeof readManifest> {
  try {
    return readManifest(bytes);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw bad(cause.message, cause);
  }
}

/** The model's configuration, after checking that a decoder can be built from it. */
function modelOf({ model }: WholeManifest): ModelConfig {
  const { vocabularySize, layers, dimension, heads, keyValueHeads, feedForward, contextLength } = model;
  const positive = [layers, dimension, heads, keyValueHeads, feedForward, contextLength].every((n) => n >= 1);
  must(positive, 'a size of its model is zero');
  const { headSize } = model;
  must(
    headSize > 0 || dimension % heads === 0,
    'its heads do not divide its dimension, and have no size of their own',
  );
  must(headSize * heads !== dimension, 'its head size is written although it follows from its dimension');
  must(heads % keyValueHeads === 0, 'its key/value heads do not divide its heads');
  must((headSize || dimension / heads) % 2 === 0, 'its head size is odd');
  must(model.ropeTheta > 1 && model.normEpsilon > 0, 'its RoPE base or norm epsilon is out of range');
  must(vocabularySize >= 1, 'its vocabulary is empty');
  if (model.ropeScaling.case === 'llama3') {
    const { factor, lowFrequencyFactor, highFrequencyFactor, originalContext } = model.ropeScaling.value;
    const ordered = lowFrequencyFactor > 0 && lowFrequencyFactor < highFrequencyFactor;
    must(factor >= 1 && ordered && originalContext >= 1, 'its RoPE scaling is out of range');
  }
  return modelConfigOf(model);
}

function tokenizerOf({ model, tokenizer }: WholeManifest): TokenizerTerms {
  if (tokenizer.case === 'bytes') {
    must(model.vocabularySize === byteTokenizer.vocabularySize, "its vocabulary is not its tokenizer's");
    return { kind: 'bytes' };
  }
  const { hash, byteLength, configHash, configByteLength } = tokenizer.value;
  must(byteLength >= 1 && byteLength <= maxTokenizerBytes, 'its tokenizer file is empty or too large');
  must(configByteLength >= 1, "its tokenizer's configuration is empty");
  return {
    kind: 'file',
    file: { hash: toHex(hash), bytes: byteLength },
    config: { hash: toHex(configHash), bytes: configByteLength },
  };
}

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
