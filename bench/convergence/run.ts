import { strategies } from '../../apps/cli/run/choices/strategies.ts';
import { newRun } from '../../apps/cli/run/new-run.ts';
import { BaseDelta } from '../../client/contribute/round/base-delta.ts';
import { encodeDelta, returned } from '../../client/contribute/round/error-feedback.ts';
import { LocalModel } from '../../client/contribute/round/local-model.ts';
import { localShareOf } from '../../client/contribute/strategy-terms.ts';
import { initialParameters, layoutOf } from '../../client/model/parameters.ts';
import { Random } from '../../client/random.ts';
import { type ManifestDraft, manifestBytesOf, parseManifest } from '../../relay/run/manifest.ts';
import { type FoldedContribution, RoundFold } from '../../relay/run/round-fold.ts';
import { hashOfBytes } from '../../relay/storage/sha256.ts';
import { denseCodec } from '../../relay/wire/codec/dense.ts';
import { configFor } from '../shakespeare.ts';
import type { Case } from './cases.ts';
import { fixedPointCodec } from './fixed-point.ts';
import { openTraining, type Result, type Setting, type TrainNode } from './training.ts';

/** Fragments of a streaming run, each of which has every second layer. */
const fragmentCount = 2;

/** The usual grid; a block of fewer bits has a coarser step, since it must hold the same values. */
const denseGrid = { block: 256, exponent: -20, maxShift: 16 };

type Parsed = ReturnType<typeof parseManifest>;

function parsed(draft: ManifestDraft): Parsed {
  return parseManifest(
    manifestBytesOf(draft, { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) }),
  );
}

/** Local steps of a round: in a streaming run, a parameter is synchronized each `fragmentCount` rounds. */
function roundSteps({ strategy, steps }: Case): number {
  return strategies[strategy].isFragmented ? steps / fragmentCount : steps;
}

/** The manifest of a case, with the weighted mean, and what follows from it. */
function manifestOf({ texts, batch, totalSteps }: Setting, of: Case): Parsed {
  const { strategy, codec, outer, momentum, rate, nodes, seed } = of;
  const config = configFor(texts.vocabularySize);
  const steps = roundSteps(of);
  const { manifest } = newRun({
    ...{ name: 'convergence', preset: 'nano', strategy, fragments: fragmentCount, seed, merge: 'mean' },
    ...{ rounds: totalSteps / steps, steps, batch: batch / nodes },
    start: { config, parameters: initialParameters(config, layoutOf(config), seed) },
    ...{ corpora: [], quorum: 1, deadlineMs: 1, graceMs: 0, maxNodes: nodes, readers: 'anyone', created: 0 },
    downlink: of.downlink ?? 'full',
    codec: codec === 'sparse' || codec === 'statistical' ? codec : 'dense',
    outer: outer === 'nesterov' ? 'nesterov' : 'sgd',
    ...(rate === undefined ? {} : { outerRate: rate }),
    ...(outer === 'nesterov' && momentum !== null ? { outerMomentum: momentum } : {}),
  });
  const { strategy: settings } = manifest;
  if (settings?.outer?.case === 'sgd' && outer === 'constant') {
    const { value } = settings.outer;
    const { learningRate = 1 } = value;
    settings.outer = { case: 'sgd', value: { ...value, finalRate: learningRate } };
  }
  const usual = parsed(manifest);
  const { clipNorm } = usual.codec;
  if (codec === 'dense32') return { ...usual, codec: fixedPointCodec(clipNorm) };
  if (codec === 'sparse' || codec === 'statistical' || codec === 'dense8') return usual;
  const value = { ...denseGrid, bits: Number(codec.slice('dense'.length)), clipNorm };
  const payloadBytes = denseCodec(value).payloadBytes(usual.fragments.length);
  return parsed({
    ...manifest,
    codec: { case: 'dense', value },
    limits: { ...manifest.limits, payloadBytes },
  });
}

export interface FederatedResult extends Result {
  readonly rounds: number;
  /** Exact, of a contribution, and by parameter. */
  readonly payloadBytes: number;
  readonly bitsUp: number;
}

/** A node of a run: its training, and what it retains from round to round. */
interface Node {
  readonly train: TrainNode;
  readonly local: LocalModel;
  residual: Float32Array<ArrayBuffer>;
}

/** A run of several nodes, through the real delta, codec, error feedback, fragments, merge and outer step. */
export async function runTogether(setting: Setting, of: Case): Promise<FederatedResult> {
  const started = performance.now();
  const run = manifestOf(setting, of);
  const { manifest, codec, fragments } = run;
  const training = await openTraining(setting, of.nodes, strategies[of.strategy].optimizer);
  const { config, layout, adapter } = training;
  try {
    const fold = new RoundFold(manifest, codec, [initialParameters(config, layout, of.seed)]);
    const localShare = localShareOf(manifest.strategy);
    const nodes = Array.from({ length: of.nodes }, (_, i) => ({
      train: training.node(i, of.seed + 1000 * i),
      local: new LocalModel({ fragments, localShare }),
      residual: new Float32Array(layout.length),
    }));
    const random = Random.seeded(of.seed, 21);
    const { rounds, localSteps } = manifest.strategy;
    for (let round = 1; round <= rounds; round++) {
      const contributions: FoldedContribution[] = [];
      for (const node of nodes) {
        const isLost = random.below(100) < of.dropped;
        const payload = await contribution(node, run, { base: fold.base, round, localSteps, isLost });
        if (isLost) continue;
        const read = async () => payload;
        contributions.push({ tokens: 1, payload: hashOfBytes(payload), part: 'whole', read });
      }
      if (contributions.length > 0) fold.commit((await fold.next(round, contributions)).state);
    }
    const measured = await training.lossOf(fold.base);
    const payloadBytes = codec.payloadBytes(fragments.length);
    return {
      ...{ ...measured, seconds: (performance.now() - started) / 1000, adapter },
      ...{ parameters: layout.trained, rounds },
      ...{ payloadBytes, bitsUp: (payloadBytes * 8) / layout.length },
    };
  } finally {
    training.close();
  }
}

/** Trains a round on a node as client/contribute/round does; gives the payload. */
async function contribution(
  node: Node,
  { codec, fragments }: Parsed,
  {
    base,
    round,
    localSteps,
    isLost,
  }: {
    readonly base: Float32Array<ArrayBuffer>;
    readonly round: number;
    readonly localSteps: number;
    readonly isLost: boolean;
  },
): Promise<Uint8Array> {
  const early = node.local.early(round);
  const from = early ?? node.local.begin(round, base);
  const trained = await node.train(from, (round - 1) * localSteps, localSteps);
  const parameters = early === null ? trained : node.local.mixed(round, trained, base);
  node.local.set({ round, parameters });
  const fragment = fragments.at(round);
  const delta = BaseDelta.between(fragment.of(base), fragment.of(parameters), codec.clipNorm);
  const residual = fragment.of(node.residual);
  const encoded = encodeDelta(delta, residual, codec);
  const next = isLost ? returned(encoded, codec) : encoded.residual;
  node.residual = fragment.into(node.residual, next);
  return encoded.payload;
}
