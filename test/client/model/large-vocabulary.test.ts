import { afterAll, beforeAll, expect, test } from 'vitest';
import { livelyParameters } from '../../../bench/lively-parameters.ts';
import { corpusFromTexts } from '../../../client/data/corpus.ts';
import { Sampler } from '../../../client/data/sampler.ts';
import { tokenizerFromFile } from '../../../client/data/tokenizer-file.ts';
import type { Device } from '../../../client/gpu/device.ts';
import type { ModelConfig } from '../../../client/model/config.ts';
import { CpuDecoder } from '../../../client/model/generate/cpu-decoder.ts';
import { generate } from '../../../client/model/generate/generate.ts';
import { GpuDecoder } from '../../../client/model/generate/gpu-decoder.ts';
import { layoutOf } from '../../../client/model/parameters.ts';
import { referenceStep } from '../../../client/model/reference/model.ts';
import { Random } from '../../../client/random.ts';
import { Trainer } from '../../../client/train/trainer.ts';
import { freshState } from '../../../client/train/training.ts';
import { relativeError } from '../../platform/step.ts';
import { bpeFile } from '../../support/data/bpe-file.ts';
import { openNodeDevice } from '../../support/gpu-node.ts';
import { settings } from '../../support/train/small-run.ts';

const tokenizer = tokenizerFromFile(bpeFile(69_980), { vocabularySize: 70_000 });
const config: ModelConfig = {
  vocabularySize: tokenizer.vocabularySize,
  layers: 1,
  dimension: 8,
  heads: 1,
  keyValueHeads: 1,
  feedForward: 8,
  contextLength: 16,
  ropeTheta: 100,
  normEpsilon: 1e-5,
  tiedHead: true,
};
const layout = layoutOf(config);
const shape = { batch: 2, sequence: 7 };
const parameters = livelyParameters(config, 3);

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

test('tokens above 65,535 pass through sampler, batch, embedding and cross-entropy uncut', async () => {
  const { train } = corpusFromTexts('words', ['one in the other there, on the inner tree; '.repeat(20)]);
  const batch = new Sampler(await tokenizer.tokenize(train), shape, 5).next();
  for (const tokens of [batch.inputs, batch.targets])
    expect(tokens.filter((token) => token > 65_535).length).toBeGreaterThan(3);
  const expected = referenceStep(config, layout, Float64Array.from(parameters), batch, shape);
  const trainer = await Trainer.create(device, config, shape, settings);
  try {
    trainer.load(freshState(parameters));
    trainer.step(batch, 0);
    expect(await trainer.loss()).toBeCloseTo(expected.loss, 3);
    const gradient = await trainer.gradient();
    expect(relativeError(gradient, expected.gradient)).toBeLessThan(1e-4);
  } finally {
    trainer.close();
  }
});

test('tokens above 65,535 are generated and read back on CPU and GPU alike', async () => {
  // These parameters make only the merges' tokens likely.
  const steep = parameters.map((value, i) => (i < 69_980 * config.dimension ? value / 100 : value));
  const made: number[][] = [];
  for (const decoder of [
    new CpuDecoder(config, layout, steep),
    await GpuDecoder.create(device, config, layout, steep, { sequences: 1 }),
  ]) {
    const prompt = {
      tokens: [tokenizer.beginning, ...tokenizer.encode('the tree')],
      random: Random.seeded(1),
    };
    const tokens: number[] = [];
    const pieces = generate(decoder, [prompt], { tokenizer, maxTokens: 12, temperature: 0 });
    for await (const { token } of pieces) tokens.push(token);
    decoder.close();
    made.push(tokens);
  }
  expect(made[0]?.some((token) => token > 65_535)).toBe(true);
  expect(made[1]).toEqual(made[0]);
});
