import { newRun } from '../../apps/cli/run/new-run.ts';
import { BaseDelta } from '../../client/contribute/round/base-delta.ts';
import { encodeDelta, returned } from '../../client/contribute/round/error-feedback.ts';
import { heldOutBatches, Sampler } from '../../client/data/sampler.ts';
import { initialParameters, layoutOf } from '../../client/model/parameters.ts';
import { Random } from '../../client/random.ts';
import { evaluate } from '../../client/train/evaluate.ts';
import { learningRateAt, type Schedule } from '../../client/train/optimizer/schedule.ts';
import { freshOptimizer, type OptimizerSettings } from '../../client/train/training.ts';
import { type ManifestDraft, manifestBytesOf, parseManifest } from '../../relay/run/manifest.ts';
import { type FoldedContribution, RoundFold } from '../../relay/run/round-fold.ts';
import { hashOfBytes } from '../../relay/storage/sha256.ts';
import { denseCodec } from '../../relay/wire/codec/dense.ts';
import { never, openLoop } from '../loop.ts';
import { configFor, type Text } from '../shakespeare.ts';
import type { Case } from './cases.ts';

/** Windows of a step of all nodes together, and tokens of a window. */
export const wholeBatch = 16;
export const sequence = 64;
/** Windows of validation text that a loss is measured on, at most. */
const validationWindows = 256;

const optimizer: OptimizerSettings = {
  ...{ beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 },
  gradientClip: 1,
};
const scheduleFor = (totalSteps: number): Schedule => ({
  ...{ kind: 'cosine', peak: 1e-3, finalFraction: 0.1 },
  ...{ warmupSteps: Math.ceil(totalSteps / 10), totalSteps },
});

export interface Result {
  /** Validation loss, in nats a character. */
  readonly loss: number;
  readonly seconds: number;
  readonly adapter: string;
  readonly parameters: number;
}

async function trainingOf(gpu: GPU, text: Text, batch: number, totalSteps: number) {
  const config = configFor(text.vocabularySize);
  const shape = { batch, sequence };
  const settings = { config, shape, optimizer, trainer: {}, onKernels: () => undefined };
  const { loop, adapter } = await openLoop(gpu, settings);
  const schedule = scheduleFor(totalSteps);
  const node = (seed: number) => {
    const sampler = new Sampler(text.train, shape, seed);
    let state = freshOptimizer(loop.trainer.layout.length);
    /** Trains steps from `from`, of which the first is step `first` of the run. */
    return async (from: Float32Array<ArrayBuffer>, first: number, steps: number) => {
      const place = { state: { ...state, parameters: from }, sampler: sampler.save() };
      const learningRate = (step: number) => learningRateAt(first + step, schedule);
      const { state: trained } = await loop.run({ from: place, steps, sampler, learningRate }, never);
      const { parameters, ...optimizerState } = trained;
      state = optimizerState;
      return parameters;
    };
  };
  const lossOf = (parameters: Float32Array<ArrayBuffer>) => {
    loop.trainer.setParameters(parameters);
    return evaluate(loop.trainer, heldOutBatches(text.validation, shape, validationWindows / batch));
  };
  return { config, adapter, layout: loop.trainer.layout, node, lossOf, close: () => loop.close() };
}

/** One node that trains on the whole batch of each step. */
export async function runAlone(gpu: GPU, text: Text, totalSteps: number, seed: number): Promise<Result> {
  const started = performance.now();
  const { config, layout, adapter, node, lossOf, close } = await trainingOf(
    gpu,
    text,
    wholeBatch,
    totalSteps,
  );
  try {
    const parameters = await node(seed)(initialParameters(config, layout, seed), 0, totalSteps);
    const loss = await lossOf(parameters);
    return { loss, seconds: (performance.now() - started) / 1000, adapter, parameters: layout.trained };
  } finally {
    close();
  }
}

/** The manifest of a case, with the weighted mean. */
function draftOf(
  text: Text,
  { codec, outer, nodes, steps, seed, downlink = 'full' }: Case,
  rounds: number,
): ManifestDraft {
  const config = configFor(text.vocabularySize);
  const layout = layoutOf(config);
  const { manifest } = newRun({
    ...{ name: 'convergence', preset: 'nano', rounds, steps, batch: wholeBatch / nodes, seed, merge: 'mean' },
    start: { config, parameters: initialParameters(config, layout, seed) },
    ...{ corpora: [], quorum: 1, deadlineMs: 1, graceMs: 0, maxNodes: nodes, readers: 'anyone', created: 0 },
    codec: codec === 'sparse' || codec === 'statistical' ? codec : 'dense',
    downlink,
    outer: outer === 'nesterov' ? 'nesterov' : 'sgd',
  });
  const { strategy, limits } = manifest;
  const changed = { ...manifest };
  if (manifest.codec?.case === 'dense') {
    const value = {
      ...denseGrid,
      bits: Number(codec.slice('dense'.length)),
      clipNorm: manifest.codec.value.clipNorm ?? 1,
    };
    changed.codec = { case: 'dense', value };
    changed.limits = { ...limits, payloadBytes: denseCodec(value).payloadBytes(layout.length) };
  }
  if (outer === 'constant' && strategy?.outer?.case === 'sgd') strategy.outer.value.finalRate = 1;
  return changed;
}

/** The usual grid; a block of fewer bits has a coarser step, since it must hold the same values. */
const denseGrid = { block: 256, exponent: -20, maxShift: 16 };

export interface FederatedResult extends Result {
  readonly rounds: number;
  /** Exact, of a contribution, and by parameter. */
  readonly payloadBytes: number;
  readonly bitsUp: number;
}

/** A run of several nodes, through the real delta, codec, error feedback, merge and outer step. */
export async function runTogether(
  gpu: GPU,
  text: Text,
  totalSteps: number,
  of: Case,
): Promise<FederatedResult> {
  const started = performance.now();
  const rounds = totalSteps / of.steps;
  const draft = draftOf(text, of, rounds);
  const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };
  const { manifest, codec } = parseManifest(manifestBytesOf(draft, keys));
  const training = await trainingOf(gpu, text, wholeBatch / of.nodes, totalSteps);
  const { config, layout, adapter } = training;
  try {
    const fold = new RoundFold(manifest, codec, [initialParameters(config, layout, of.seed)]);
    const nodes = Array.from({ length: of.nodes }, (_, i) => ({
      train: training.node(of.seed + 1000 * i),
      residual: new Float32Array(layout.length),
    }));
    const random = Random.seeded(of.seed, 21);
    for (let round = 1; round <= rounds; round++) {
      const contributions: FoldedContribution[] = [];
      for (const node of nodes) {
        const local = await node.train(fold.base, (round - 1) * of.steps, of.steps);
        const encoded = encodeDelta(
          BaseDelta.between(fold.base, local, codec.clipNorm),
          node.residual,
          codec,
        );
        const isLost = random.below(100) < of.dropped;
        node.residual = isLost ? returned(encoded, codec) : encoded.residual;
        const { payload } = encoded;
        if (isLost) continue;
        contributions.push({ tokens: 1, payload: hashOfBytes(payload), read: async () => payload });
      }
      if (contributions.length > 0) fold.commit((await fold.next(round, contributions)).state);
    }
    const loss = await training.lossOf(fold.base);
    const { payloadBytes } = manifest.limits;
    return {
      ...{ loss, seconds: (performance.now() - started) / 1000, adapter, parameters: layout.trained, rounds },
      ...{ payloadBytes, bitsUp: (payloadBytes * 8) / layout.length },
    };
  } finally {
    training.close();
  }
}
