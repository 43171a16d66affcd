import { inner, newRun } from '../apps/cli/new-run.ts';
import { modelConfigOf } from '../apps/cli/run-model.ts';
import { encodeDelta } from '../client/contribute/codec.ts';
import { BaseDelta } from '../client/contribute/delta.ts';
import type { Corpus } from '../client/data/corpus.ts';
import { loadNation, nations } from '../client/data/nations.ts';
import { heldOutBatches, Sampler } from '../client/data/sampler.ts';
import { openDevice } from '../client/gpu/device.ts';
import type { PresetName } from '../client/model/config.ts';
import { evaluate } from '../client/train/evaluate.ts';
import { learningRateAt, type Schedule } from '../client/train/schedule.ts';
import { Trainer } from '../client/train/trainer.ts';
import type { TrainerState } from '../client/train/training.ts';
import { WeightedSum } from '../relay/aggregate.ts';
import { manifestBytesOf, parseManifest } from '../relay/manifest.ts';
import { nesterovStep } from '../relay/outer.ts';
import { decodeDense } from '../relay/wire/dense.ts';

export interface FederationOptions {
  readonly gpu: GPU;
  readonly preset: PresetName;
  readonly nodes: number;
  readonly rounds: number;
  readonly steps: number;
  readonly batch: number;
  readonly seed: number;
}

/** At most this many batches of each nation's held-out text are measured. */
const maxBatches = 16;

/** A node's own state between rounds. */
interface Node {
  readonly corpus: Corpus;
  readonly sampler: Sampler;
  state: Omit<TrainerState, 'parameters'>;
  residual: Float32Array;
}

/**
 * Trains the same nodes twice, for equally many steps each: together, through the run's own codec, sum and outer step,
 * and each alone. Yields a record a round, then the mean held-out loss over all nations of the shared base and of each
 * isolated node's model, in nats a byte.
 */
export async function* federation(options: FederationOptions): AsyncGenerator<object> {
  const { preset, rounds, steps, batch } = options;
  const names = nations.slice(0, options.nodes).map(({ name }) => name);
  const created = newRun({
    ...options,
    name: 'federation',
    nations: names,
    quorum: names.length,
    target: names.length,
    deadlineMs: 1,
    graceMs: 0,
    maxNodes: names.length,
    created: 0,
  });
  const keys = { relayKey: new Uint8Array(32), initialBase: new Uint8Array(32) };
  const { manifest, codec } = parseManifest(manifestBytesOf(created.manifest, keys));
  const config = modelConfigOf(manifest);
  const { learningRate: peak, warmupSteps, finalFraction, sequence } = manifest.strategy;
  const schedule: Schedule = { kind: 'cosine', peak, warmupSteps, totalSteps: rounds * steps, finalFraction };
  const shape = { batch, sequence };
  const corpora = await Promise.all(names.map(loadNation));
  const device = await openDevice(options.gpu);
  const trainer = await Trainer.create(device, config, shape, inner);
  const { length } = trainer.layout;
  const nodes = () =>
    corpora.map((corpus, index): Node => {
      const zeros = () => new Float32Array(length);
      const sampler = new Sampler(corpus.train, shape, options.seed + index);
      const state = { step: 0, firstMoment: zeros(), secondMoment: zeros() };
      return { corpus, sampler, state, residual: zeros() };
    });
  const train = async (node: Node, from: Float32Array<ArrayBuffer>, round: number) => {
    trainer.load({ ...node.state, parameters: from });
    for (let i = 0; i < steps; i++) {
      trainer.step(node.sampler.next(), learningRateAt(round * steps + i, schedule));
      // One step in flight: a software adapter would queue all of them in memory.
      await trainer.loss();
    }
    const { parameters, ...state } = await trainer.save();
    node.state = state;
    return parameters;
  };
  const losses = async (parameters: Float32Array<ArrayBuffer>) => {
    trainer.setParameters(parameters);
    const measured: number[] = [];
    for (const { heldOut } of corpora)
      measured.push(await evaluate(trainer, heldOutBatches(heldOut, shape, maxBatches)));
    return measured;
  };

  let base = created.initialBase;
  let momentum: Float32Array<ArrayBuffer> = new Float32Array(length);
  const sum = new WeightedSum(length);
  const together = nodes();
  for (let round = 0; round < rounds; round++) {
    const norms: number[] = [];
    for (const node of together) {
      const delta = BaseDelta.between(base, await train(node, base, round), codec.clipNorm);
      const { payload, residual } = encodeDelta(delta, node.residual, codec);
      node.residual = residual;
      norms.push(delta.norm);
      sum.add(decodeDense(payload, length, codec), steps * batch * sequence);
    }
    ({ base, momentum } = nesterovStep(base, momentum, sum.mean(codec), manifest.strategy));
    sum.reset();
    yield { event: 'round', round: round + 1, heldOut: mean(await losses(base)), norms };
  }
  const shared = await losses(base);
  const sharedMean = mean(shared);

  const isolated: { nation: string; mean: number; losses: number[] }[] = [];
  for (const node of nodes()) {
    let parameters = created.initialBase;
    for (let round = 0; round < rounds; round++) parameters = await train(node, parameters, round);
    const alone = await losses(parameters);
    isolated.push({ nation: node.corpus.name, mean: mean(alone), losses: alone });
    yield { event: 'isolated', nation: node.corpus.name, heldOut: mean(alone) };
  }
  const sharedWins = isolated.every((alone) => sharedMean < alone.mean);
  yield {
    bench: 'federation',
    adapter: device.name,
    preset,
    nodes: names.length,
    rounds,
    steps,
    batch,
    shared: { mean: sharedMean, losses: shared },
    isolated,
    sharedWins,
  };
  trainer.close();
  device.close();
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
