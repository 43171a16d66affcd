import { newRun, type RunChoices } from '../../apps/cli/run/new-run.ts';
import { BaseDelta } from '../../client/contribute/round/base-delta.ts';
import { encodeDelta } from '../../client/contribute/round/error-feedback.ts';
import { modelConfigOf } from '../../client/contribute/run-model.ts';
import { strategyTermsOf } from '../../client/contribute/strategy-terms.ts';
import { type TokenizedCorpus, tokenizeCorpus } from '../../client/data/corpus.ts';
import { heldOutBatches, Sampler } from '../../client/data/sampler.ts';
import { byteTokenizer } from '../../client/data/tokenizer.ts';
import { loadNation, nations } from '../../client/data/udhr/nations.ts';
import type { PresetName } from '../../client/model/config.ts';
import { evaluate } from '../../client/train/evaluate.ts';
import { learningRateAt } from '../../client/train/optimizer/schedule.ts';
import { freshOptimizer, type OptimizerState } from '../../client/train/training.ts';
import { manifestBytesOf, parseManifest } from '../../relay/run/manifest.ts';
import type { NewRun } from '../../relay/run/run.ts';
import type { Codec } from '../../relay/wire/codec/codec.ts';
import type { WholeManifest } from '../../relay/wire/frames.ts';
import { never, openLoop } from '../loop.ts';

export interface FederatedOptions {
  readonly gpu: GPU;
  readonly preset: PresetName;
  /** Nodes, a corpus each. */
  readonly nodes: number;
  readonly rounds: number;
  readonly steps: number;
  readonly batch: number;
  readonly seed: number;
}

/** A node's own state between rounds. */
export interface FederatedNode {
  readonly corpus: TokenizedCorpus;
  readonly sampler: Sampler;
  state: OptimizerState;
  residual: Float32Array;
}

/** A run's nodes in one process, which train and encode as real ones do. */
export interface Federated {
  readonly adapter: string;
  readonly names: readonly string[];
  readonly created: NewRun;
  readonly manifest: WholeManifest;
  readonly codec: Codec;
  /** Weight of a contribution of all its local steps. */
  readonly tokens: number;
  /** Nodes at the start of the run. */
  nodes(): FederatedNode[];
  /** Trains a round, counted from 0; the local parameters. `steps` are those of the run unless given. */
  train(
    node: FederatedNode,
    from: Float32Array<ArrayBuffer>,
    round: number,
    steps?: number,
  ): Promise<Float32Array<ArrayBuffer>>;
  /**
   * Trains a round, clips and encodes; the norm is that before clipping. `normBound` is the greatest norm that the round takes,
   * if it is less than the run's.
   */
  contribute(
    node: FederatedNode,
    from: Float32Array<ArrayBuffer>,
    round: number,
    steps?: number,
    normBound?: number,
  ): Promise<{ payload: Uint8Array<ArrayBuffer>; norm: number }>;
  /** Held-out loss of each corpus in nats a byte, on at most `batches` batches. */
  losses(parameters: Float32Array<ArrayBuffer>, batches: number): Promise<number[]>;
  close(): void;
}

/** Opens the nodes of a run; `choices` changes the run. */
export async function openFederated(
  options: FederatedOptions,
  choices: Partial<RunChoices> = {},
): Promise<Federated> {
  const { steps, batch } = options;
  const names = nations.slice(0, options.nodes).map(({ name }) => name);
  const created = newRun({
    ...options,
    name: 'federation',
    corpora: names,
    quorum: 1,
    deadlineMs: 3_600_000,
    graceMs: 15_000,
    readers: 'anyone',
    created: 0,
    ...choices,
  });
  const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };
  const { manifest, codec } = parseManifest(manifestBytesOf(created.manifest, keys));
  const config = modelConfigOf(manifest.model);
  const { shape, schedule, optimizer, trainer } = strategyTermsOf(manifest.strategy);
  const corpora = await Promise.all(
    names.map(async (name) => tokenizeCorpus(await loadNation(name), byteTokenizer)),
  );
  const settings = { config, shape, optimizer, trainer, onKernels: () => undefined };
  const { loop, adapter } = await openLoop(options.gpu, settings);
  const { length } = loop.trainer.layout;
  const train: Federated['train'] = async (node, from, round, own = steps) => {
    const { sampler } = node;
    const { state: trained } = await loop.run(
      {
        from: { state: { ...node.state, parameters: from }, sampler: sampler.save() },
        steps: own,
        sampler,
        learningRate: (step) => learningRateAt(round * steps + step, schedule),
      },
      never,
    );
    const { parameters, ...state } = trained;
    node.state = state;
    return parameters;
  };
  return {
    adapter,
    names,
    created,
    manifest,
    codec,
    tokens: steps * batch * shape.sequence,
    nodes: () =>
      corpora.map((corpus, index) => {
        const sampler = new Sampler(corpus.train, shape, options.seed + index);
        return { corpus, sampler, state: freshOptimizer(length), residual: new Float32Array(length) };
      }),
    train,
    async contribute(node, from, round, own, normBound = codec.clipNorm) {
      const delta = BaseDelta.between(from, await train(node, from, round, own), codec.clipNorm);
      const { payload, residual } = encodeDelta(delta, node.residual, {
        ...codec,
        clipNorm: Math.min(codec.clipNorm, normBound),
      });
      node.residual = residual;
      return { payload, norm: delta.norm };
    },
    async losses(parameters, batches) {
      loop.trainer.setParameters(parameters);
      const measured: number[] = [];
      for (const { heldOut } of corpora)
        measured.push(await evaluate(loop.trainer, heldOutBatches(heldOut, shape, batches)));
      return measured;
    },
    close: () => loop.close(),
  };
}
