import { newRun, type RunChoices } from '../../apps/cli/run/new-run.ts';
import { grantedPart } from '../../client/contribute/part/granted.ts';
import { TrainedValues } from '../../client/contribute/part/trained-values.ts';
import { BaseDelta } from '../../client/contribute/round/base-delta.ts';
import { encodeDelta } from '../../client/contribute/round/error-feedback.ts';
import { modelConfigOf } from '../../client/contribute/run-model.ts';
import type { GrantedPart } from '../../client/contribute/session/part.ts';
import { strategyTermsOf } from '../../client/contribute/strategy-terms.ts';
import { type TokenizedCorpus, tokenizeCorpus } from '../../client/data/corpus.ts';
import { heldOutBatches, Sampler } from '../../client/data/sampler.ts';
import { byteTokenizer } from '../../client/data/tokenizer.ts';
import { loadNation, nations } from '../../client/data/udhr/nations.ts';
import type { PresetName } from '../../client/model/config.ts';
import { layoutOf } from '../../client/model/parameters.ts';
import { evaluate } from '../../client/train/evaluate.ts';
import { learningRateAt } from '../../client/train/optimizer/schedule.ts';
import { freshOptimizer, type OptimizerState } from '../../client/train/training.ts';
import { manifestBytesOf, parseManifest } from '../../relay/run/manifest.ts';
import type { NewRun } from '../../relay/run/run.ts';
import type { Codec } from '../../relay/wire/codec/codec.ts';
import { type Fragments, fragmentOf, type PartName } from '../../relay/wire/fragments.ts';
import type { WholeManifest } from '../../relay/wire/frames.ts';
import { never, openLoop } from '../loop.ts';

type Vector = Float32Array<ArrayBuffer>;

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
  /** What of the model it trains; see `Federated.take`. */
  part: PartName;
  state: OptimizerState;
  residual: Vector;
}

/** A run's nodes in one process, which train and encode as real ones do. */
export interface Federated {
  readonly adapter: string;
  readonly names: readonly string[];
  readonly created: NewRun;
  readonly manifest: WholeManifest;
  readonly codec: Codec;
  readonly fragments: Fragments;
  /** Weight of a contribution of all its local steps. */
  readonly tokens: number;
  /** Nodes at the start of the run. */
  nodes(): FederatedNode[];
  /** The upper layers of the run, as its nodes find them; null if it grants none. */
  readonly granted: GrantedPart | null;
  /** The node trains this part from now on, with the optimizer's state that a real node would have. */
  take(node: FederatedNode, part: PartName): void;
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
  const { manifest, codec, fragments } = parseManifest(manifestBytesOf(created.manifest, keys));
  const config = modelConfigOf(manifest.model);
  const layout = layoutOf(config);
  const { shape, schedule, optimizer, trainer } = strategyTermsOf(manifest.strategy);
  const corpora = await Promise.all(
    names.map(async (name) => tokenizeCorpus(await loadNation(name), byteTokenizer)),
  );
  const valuesOf = (part: PartName) => new TrainedValues({ fragments, layout, trainer }, part);
  const open = (part: PartName) =>
    openLoop(options.gpu, {
      ...{ config, shape, optimizer, onKernels: () => undefined },
      trainer: valuesOf(part).trainer,
    });
  const { loop, adapter } = await open('whole');
  const loops = { whole: loop, upper: fragments.upper === null ? null : (await open('upper')).loop };
  const { length } = layout;
  const train: Federated['train'] = async (node, from, round, own = steps) => {
    const { sampler, part } = node;
    const values = valuesOf(part);
    const frozen = values.frozenOf(from);
    const { state: trained } = await (loops[part] ?? loop).run(
      {
        from: { state: { ...node.state, parameters: values.of(from) }, sampler: sampler.save() },
        ...(frozen && { frozen }),
        steps: own,
        sampler,
        learningRate: (step) => learningRateAt(round * steps + step, schedule),
      },
      never,
    );
    const { parameters, ...state } = trained;
    node.state = state;
    return values.into(from, parameters);
  };
  return {
    adapter,
    names,
    created,
    manifest,
    codec,
    fragments,
    tokens: steps * batch * shape.sequence,
    nodes: () =>
      corpora.map((corpus, index) => {
        const sampler = new Sampler(corpus.train, shape, options.seed + index);
        const residual = new Float32Array(length);
        return { corpus, sampler, part: 'whole', state: freshOptimizer(length), residual };
      }),
    granted: grantedPart(
      { fragments, layout, config, codec, isTimed: manifest.pace.case === 'timed' },
      { fitsWhole: true, trainingBytes: null },
    ),
    take(node, part) {
      const [values, before] = [valuesOf(part), node.part];
      if (part === before) return;
      node.part = part;
      node.state = part === 'whole' ? values.fresh() : values.stateOf(node.state);
    },
    train,
    async contribute(node, from, round, own, normBound = codec.clipNorm) {
      const fragment = fragmentOf(fragments, round + 1, node.part);
      const local = await train(node, from, round, own);
      const delta = BaseDelta.between(fragment.of(from), fragment.of(local), codec.clipNorm);
      const { payload, residual } = encodeDelta(delta, fragment.of(node.residual), {
        ...codec,
        clipNorm: Math.min(codec.clipNorm, normBound),
      });
      node.residual = fragment.into(node.residual, residual);
      return { payload, norm: delta.norm };
    },
    async losses(parameters, batches) {
      loop.trainer.setParameters(parameters);
      const measured: number[] = [];
      for (const { heldOut } of corpora)
        measured.push(await evaluate(loop.trainer, heldOutBatches(heldOut, shape, batches)));
      return measured;
    },
    close() {
      loop.close();
      loops.upper?.close();
    },
  };
}
