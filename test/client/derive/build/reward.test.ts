import { afterAll, expect, test } from 'vitest';
import { byteTokenizer } from '../../../../client/data/tokenizer.ts';
import { type Build, runBuild } from '../../../../client/derive/build/build.ts';
import type { StageEvent } from '../../../../client/derive/build/run-stage.ts';
import { splitData } from '../../../../client/derive/build/stage-data.ts';
import { planStage } from '../../../../client/derive/build/stage-plan.ts';
import type { Row } from '../../../../client/derive/data/row.ts';
import { parseRecipe } from '../../../../client/derive/recipe/recipe.ts';
import { RewardModel } from '../../../../client/derive/reward/reward-model.ts';
import { encodeModelFolder } from '../../../../client/formats/model-folder.ts';
import { presets } from '../../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../../client/model/parameters.ts';
import { predictForward } from '../../../../client/train/forward-pass.ts';
import { countBuffers } from '../../../support/counted-device.ts';
import { llamaLogits } from '../../../support/formats/llama-convention.ts';
import { nodeGpu, openNodeDevice } from '../../../support/gpu-node.ts';
import { memoryFiles } from '../../../support/tuned-store.ts';

const config = {
  ...presets.nano,
  ...{ layers: 1, dimension: 16, heads: 2, keyValueHeads: 1, feedForward: 32, contextLength: 16 },
};
// Weights as large as those of a trained model, so that a frozen one has something to say.
const base = initialParameters(config, layoutOf(config), 1).map((value) =>
  value === 1 ? value : 25 * value,
);
const gpu = nodeGpu();
const runtime = { gpu: async () => gpu, cache: memoryFiles(), now: () => 0, sleep: async () => {} };

/** Pairs whose chosen answer has the letter z. Prompts of held-out pairs are not trained on. */
function pairs(from: number, count: number): Row[] {
  return Array.from({ length: count }, (_, i) => {
    const word = `${String.fromCharCode(97 + ((from + i) % 20))}${(from + i) % 7}`;
    return {
      form: 'preference',
      prompt: `${from + i}?`,
      chosen: `${word}z`,
      rejected: `z${word}q`,
      margin: 0.5,
    };
  });
}

function build(more: string): Build {
  const source = `base_model: memory\ndatasets: [{path: memory}]\nreward_model: true\nmicro_batch_size: 8\n${more}`;
  const [recipe] = parseRecipe(source, 'recipe.yaml').stages;
  if (recipe === undefined) throw new Error('the recipe has a stage');
  const counts = { lines: 80, leftOut: 0, duplicates: 0, nearCopies: 0, files: [] };
  const rows = { train: pairs(0, 64), heldOut: pairs(64, 16) };
  const data = splitData({ ...rows, ...counts }, recipe, byteTokenizer, 16);
  return { id: 'a'.repeat(64), base, stages: [planStage(recipe, config, data, null, 5)] };
}

/** Runs a build; called again, it resumes. */
function builder(of: Build) {
  const files = memoryFiles();
  return (onEvent: (event: StageEvent) => void = () => {}, signal = new AbortController().signal) =>
    runBuild(of, files, {
      ...{ runtime, config, tokenizer: byteTokenizer, references: memoryFiles(), date: () => 0, onEvent },
      // No checkpoint is due, so that an interruption must store what was reached.
      ...{ signal, checkpointMilliseconds: 60_000 },
      saveAdapter: () => Promise.reject(new Error('an adapter without its head means nothing')),
    });
}

const scoring = { ...config, scores: true };
const weights = (parameters: Float32Array<ArrayBuffer>) => ({
  config: scoring,
  parameters,
  tokenizer: byteTokenizer,
});

const opened: { close(): void }[] = [];
afterAll(() => {
  for (const one of opened) one.close();
});

test.each([
  ['all weights', 'learning_rate: 0.01\n'],
  ['an adapter and the head', 'learning_rate: 0.03\nadapter: lora\nlora_r: 4\n'],
])('%s learn to score pairs, with the same bits after an interruption', async (_, more) => {
  const of = build(`${more}max_steps: 32\neval_steps: 16\n`);
  const through = await builder(of)();
  const values = through.measurements.map((measurement) => measurement.values);
  expect(through.measurements.map(({ step }) => step)).toEqual([0, 16, 32]);
  expect(values[0]?.accuracy).toBeLessThan(0.9);
  expect(values.at(-1)?.accuracy).toBeGreaterThan(0.9);
  expect(values.at(-1)?.loss).toBeLessThan((values[0]?.loss ?? 0) / 2);
  expect(values.at(-1)?.margin).toBeGreaterThan(1);

  const stopped = builder(of);
  const abort = new AbortController();
  const interrupted = stopped((event) => {
    if (event.event === 'measurement' && event.step === 16) abort.abort(new Error('stopped'));
  }, abort.signal);
  await expect(interrupted).rejects.toThrow('stopped');
  const resumed: StageEvent[] = [];
  expect(await stopped((event) => resumed.push(event))).toEqual(through);
  expect(resumed.some((event) => event.event === 'measurement' && event.step < 16)).toBe(false);

  // What was measured is what the result scores.
  const judge = await RewardModel.open(runtime, weights(through.parameters));
  opened.push(judge);
  const best = through.measurements.find(({ step }) => step === through.chosen[0])?.values;
  const answers = pairs(64, 16).flatMap((row) =>
    row.form === 'preference' ? [{ prompt: row.prompt, completion: row.chosen }] : [],
  );
  const scores = await judge.scores([...answers, { prompt: 'x'.repeat(17), completion: 'z' }]);
  expect(scores.pop()).toBeNull();
  const mean = scores.reduce<number>((sum, score) => sum + (score ?? Number.NaN), 0) / scores.length;
  expect(mean).toBeCloseTo(best?.chosen ?? Number.NaN, 4);
});

test('scores are those of LlamaForSequenceClassification in float64, from the files alone', async () => {
  const layout = layoutOf(scoring);
  const parameters = initialParameters(scoring, layout, 7).map((value) => (value === 1 ? value : 25 * value));
  const files = encodeModelFolder(scoring, layout, parameters, byteTokenizer, { metadata: {}, card: '' });
  const judge = await RewardModel.open(runtime, weights(parameters));
  opened.push(judge);
  const texts = ['z', 'abc', 'ёж', '0123456789'].map((completion) => ({ prompt: 'q?', completion }));
  const scores = await judge.scores(texts);
  const { beginning, end, encode } = byteTokenizer;
  for (const [index, { prompt, completion }] of texts.entries()) {
    const tokens = [beginning, ...encode(prompt + completion), end];
    const [expected] = llamaLogits(files['config.json'], files['model.safetensors'], tokens);
    expect(Math.abs((scores[index] ?? Number.NaN) - (expected ?? 0))).toBeLessThan(1e-4);
  }
});

test('the memory of scoring is predicted', async () => {
  const { device, bytes } = countBuffers(await openNodeDevice());
  opened.push(device);
  const judge = await RewardModel.on(
    device,
    memoryFiles(),
    weights(initialParameters(scoring, layoutOf(scoring), 7)),
  );
  await judge.scores([{ prompt: 'a', completion: 'b' }]);
  expect(bytes()).toBe(predictForward(device, scoring, { batch: 8, sequence: 16 }));
  judge.close();
});

test('a language model is no judge, and nothing that writes text is built on a judge', async () => {
  const language = { config, parameters: base, tokenizer: byteTokenizer };
  await expect(RewardModel.open(runtime, language)).rejects.toMatchObject({ code: 'model.no-scores' });
  const { recipe, data } = build('').stages[0] ?? {};
  if (recipe === undefined || data === undefined) throw new Error('there is a stage');
  const instruct = { ...recipe, kind: 'instruct', reward: null } as const;
  expect(() => planStage(instruct, scoring, data, null, 5)).toThrow(
    expect.objectContaining({ code: 'model.scores' }),
  );
});
