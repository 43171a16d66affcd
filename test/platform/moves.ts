import { type Batch, type BatchShape, ignoredTarget } from '../../client/data/batch.ts';
import { characterTokenizer } from '../../client/data/character-tokenizer.ts';
import { encodePeftAdapter, openPeftAdapter, readPeftValues } from '../../client/formats/peft/adapter.ts';
import { sourceOf } from '../../client/formats/tensors/byte-source.ts';
import { openSafetensors } from '../../client/formats/tensors/safetensors-source.ts';
import { type Device, openDevice } from '../../client/gpu/device.ts';
import { initialAdapter } from '../../client/model/adapter/initial.ts';
import { type ModelAdapter, modelAdapter } from '../../client/model/adapter/model-adapter.ts';
import { type AdapterSettings, adapterLayout } from '../../client/model/adapter/settings.ts';
import type { CachedDecoder } from '../../client/model/generate/cached-decoder.ts';
import { CpuDecoder } from '../../client/model/generate/cpu-decoder.ts';
import { generate } from '../../client/model/generate/generate.ts';
import { Random } from '../../client/random.ts';
import { Trainer } from '../../client/train/trainer.ts';
import { freshState, type OptimizerSettings } from '../../client/train/training.ts';
import { oracleConfig, oracleLayout, oracleWeights, word } from '../support/oracle/oracle.ts';

/*
 * An adapter is trained on one platform and used on another. All platforms have the same base, whose values follow from
 * integers. Only web APIs and code of the project, and values that JSON holds: the same functions run in Node, in Deno and in
 * a page.
 */

/** The bytes of the files of an adapter's folder. */
export interface MovedAdapter {
  readonly config: readonly number[];
  readonly weights: readonly number[];
}

/** What a platform makes of an adapter. */
export interface AdapterUse {
  /** Of every row of the same batch. */
  readonly logProbabilities: readonly number[];
  /** The most likely continuation of the same prompt. */
  readonly text: string;
}

const base = { layout: oracleLayout, values: oracleWeights(1) };
const tokenizer = characterTokenizer('abcdefghijklmnopq');
const shape: BatchShape = { batch: 2, sequence: 11 };
const settings: OptimizerSettings = {
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0,
  gradientClip: 1,
};

/** Ranks that are padded, magnitudes, and matrices without an adapter. */
const lora: AdapterSettings = {
  rank: 3,
  alpha: 6,
  targets: ['q_proj', 'v_proj', 'o_proj', 'down_proj'],
  dora: true,
  rankPattern: { 'layers.1.self_attn.v_proj': 2 },
};

function batchOf(stream: number): Batch {
  const { vocabularySize } = oracleConfig;
  const inputs = Uint32Array.from(
    { length: shape.batch * shape.sequence },
    (_, i) => word(i, stream) % vocabularySize,
  );
  const isLast = (row: number) => row % shape.sequence === shape.sequence - 1;
  return {
    inputs,
    targets: inputs.map((_, row) => (isLast(row) ? ignoredTarget : (inputs[row + 1] ?? 0))),
  };
}

/** The frozen base on a platform's device. */
export class AdapterSeat {
  readonly #device: Device;
  readonly #trainer: Trainer;

  private constructor(device: Device, trainer: Trainer) {
    this.#device = device;
    this.#trainer = trainer;
  }

  static async open(gpu: GPU): Promise<AdapterSeat> {
    const device = await openDevice(gpu);
    const trainer = await Trainer.create(device, oracleConfig, shape, settings, { lora });
    trainer.setFrozen(base.values);
    return new AdapterSeat(device, trainer);
  }

  /** Trains an adapter; each platform has a seed of its own. */
  async train(seed: number): Promise<MovedAdapter> {
    const trainer = this.#trainer;
    trainer.load(freshState(initialAdapter(trainer.layout, base, seed)));
    for (let step = 0; step < 6; step++) trainer.step(batchOf(9100 + seed), 0.03);
    const peft = { rsLora: false, dora: false, alphaPattern: {}, rankPattern: {}, ...lora };
    const notes = { baseModel: 'the oracle', metadata: {} };
    const files = encodePeftAdapter(peft, trainer.layout, await trainer.parameters(), notes);
    return { config: [...files['adapter_config.json']], weights: [...files['adapter_model.safetensors']] };
  }

  /** Loads adapters beside each other and uses one after the other. */
  async use(moved: readonly MovedAdapter[]): Promise<AdapterUse[]> {
    const adapters = await Promise.all(moved.map(loadAdapter));
    // Every host takes this decoder for a model of this size.
    const loaded = new Map(adapters.map((adapter, i) => [String(i), adapter]));
    const decoder = new CpuDecoder(oracleConfig, base.layout, base.values, 1, loaded);
    const uses: AdapterUse[] = [];
    for (const [i, { values }] of adapters.entries()) {
      this.#trainer.load(freshState(Float32Array.from(values)));
      decoder.useAdapter(String(i));
      const logProbabilities = [...(await this.#trainer.logProbabilities(batchOf(9100)))];
      uses.push({ logProbabilities, text: await greedyText(decoder) });
    }
    return uses;
  }

  close(): void {
    this.#trainer.close();
    this.#device.close();
  }
}

async function loadAdapter({ config, weights }: MovedAdapter): Promise<ModelAdapter> {
  const stored = await openSafetensors(sourceOf(Uint8Array.from(weights)));
  const opened = openPeftAdapter(Uint8Array.from(config), stored);
  const values = await readPeftValues(opened, adapterLayout(oracleLayout, opened));
  return modelAdapter(oracleLayout, opened, values);
}

/** Longer than the context, so that a part of it is read again. */
async function greedyText(decoder: CachedDecoder): Promise<string> {
  const prompt = { tokens: [...tokenizer.encode('bead')], random: Random.seeded(0) };
  let text = '';
  for await (const piece of generate(decoder, [prompt], { tokenizer, temperature: 0, maxTokens: 24 }))
    text += piece.text;
  return text;
}
