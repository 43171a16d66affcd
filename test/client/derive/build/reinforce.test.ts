import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteTokenizer } from '../../../../client/data/tokenizer.ts';
import { WordTokens } from '../../../../client/data/tokens.ts';
import { type BuildResult, runBuild } from '../../../../client/derive/build/build.ts';
import { groupFigures, withAdvantages } from '../../../../client/derive/build/reinforce/group-figures.ts';
import { promptExamples } from '../../../../client/derive/build/reinforce/prompts.ts';
import type { StageEvent } from '../../../../client/derive/build/run-stage.ts';
import { splitData } from '../../../../client/derive/build/stage-data.ts';
import { planStage, type StagePlan } from '../../../../client/derive/build/stage-plan.ts';
import type { Row } from '../../../../client/derive/data/row.ts';
import { stageBytes } from '../../../../client/derive/prediction.ts';
import { parseRecipe } from '../../../../client/derive/recipe/recipe.ts';
import { presets } from '../../../../client/model/config.ts';
import { predictGeneration } from '../../../../client/model/generate/generation-program.ts';
import { initialParameters, layoutOf } from '../../../../client/model/parameters.ts';
import { predictMemory } from '../../../../client/train/memory.ts';
import { nodeGpu, openNodeDevice } from '../../../support/gpu-node.ts';
import { memoryFiles } from '../../../support/tuned-store.ts';
import { watchDevices } from '../../../support/watch-devices.ts';

test('groups whose rewards are equal are dropped and counted; the advantages of the others sum to 0', () => {
  const example = { tokens: Uint32Array.of(1, 2), carriesLoss: Uint8Array.of(0, 1) };
  const rewards = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(rewards, { minLength: 1 }), fc.boolean(), (all, scaled) => {
      const groups = all.map((group) => group.map((reward) => ({ example, length: 1, reward })));
      const { completions, dropped } = withAdvantages(groups, scaled);
      const equal = all.filter((group) => new Set(group).size === 1);
      expect(dropped).toBe(equal.length);
      expect(completions.length).toBe(all.flat().length - equal.flat().length);
      expect(completions.reduce((sum, { advantage }) => sum + advantage, 0)).toBeCloseTo(0, 6);
    }),
  );
});

test('repetition is the share of sequences of 8 tokens that a group has more than once', () => {
  const completion = (tokens: readonly number[]) => ({
    // A prompt of one token, which does not count.
    example: {
      tokens: Uint32Array.of(1, ...tokens),
      carriesLoss: new Uint8Array(tokens.length + 1).fill(1, 1),
    },
    length: tokens.length,
    reward: 0,
  });
  const repetition = (...group: readonly (readonly number[])[]) =>
    groupFigures([group.map(completion)]).repetition;
  const ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  expect(repetition(ten, ten.toReversed())).toBe(0);
  expect(repetition(ten, ten, ten, ten)).toBe(0.75);
  expect(repetition(Array.from({ length: 17 }, () => 5))).toBe(0.9);
  expect(repetition([1, 2], [])).toBe(0);
});

test('prompts need room for the longest completion, and an answer where one is compared with', () => {
  const rows: Row[] = [
    { form: 'prompt', prompt: 'ab' },
    { form: 'answer', prompt: 'ab', completion: 'c' },
    { form: 'answer', prompt: 'abcd', completion: 'c' },
    { form: 'text', text: 'ab' },
  ];
  const [stage] = parseRecipe(
    'base_model: m\ndatasets: [{path: a}]\nrl: grpo\nrewards: [{kind: exact}]\ntrl: {max_completion_length: 5}',
    'recipe.yaml',
  ).stages;
  if (!stage?.reinforce) throw new Error('it is a reinforce stage');
  const { examples, tooLong, unsuitable } = promptExamples(rows, stage.reinforce, byteTokenizer, 8);
  expect({ tooLong, unsuitable }).toEqual({ tooLong: 1, unsuitable: 2 });
  expect(examples).toMatchObject([{ answer: 'c', carriesLoss: new Uint8Array(3) }]);
});

const config = {
  ...presets.nano,
  ...{ layers: 1, dimension: 16, heads: 2, keyValueHeads: 1, feedForward: 32, contextLength: 8 },
};
const base = initialParameters(config, layoutOf(config), 1);
const gpu = nodeGpu();

/** The plan of a reinforce stage with completions of at most 3 tokens; by default, one with a letter from a to p has a reward. */
function plan(more: string, pattern = '[a-p]') {
  const source = `base_model: memory
datasets: [{path: memory}]
rl: grpo
rewards: [{kind: pattern, pattern: "${pattern}"}]
trl: {num_generations: 4, max_completion_length: 3, num_iterations: 2}
micro_batch_size: 18
eval_steps: 16
${more}`;
  const [recipe] = parseRecipe(source, 'recipe.yaml').stages;
  if (recipe === undefined) throw new Error('the recipe has a stage');
  const row = (prompt: string): Row => ({ form: 'prompt', prompt });
  const rows = { train: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(row), heldOut: ['x', 'y'].map(row) };
  const counts = { lines: 9, leftOut: 0, duplicates: 0, nearCopies: 0 };
  const data = splitData({ ...rows, ...counts, files: [] }, recipe, byteTokenizer, 8);
  // Digits: what base text teaches has no reward.
  const text = WordTokens.of(Uint32Array.from({ length: 200 }, (_, i) => 48 + (i % 10)));
  return planStage(recipe, config, data, { name: 'digits', train: text, heldOut: text }, 5);
}

/** Runs a build of stages; called again, it resumes. */
function builder(stages: readonly StagePlan[], from = base, on = gpu) {
  const files = memoryFiles();
  return (onEvent: (event: StageEvent) => void, signal = new AbortController().signal) =>
    runBuild({ id: 'a'.repeat(64), base: from, stages }, files, {
      runtime: { gpu: async () => on, cache: memoryFiles(), now: () => 0, sleep: async () => {} },
      ...{ config, tokenizer: byteTokenizer, references: memoryFiles(), date: () => 0, onEvent, signal },
      ...{ checkpointMilliseconds: 0, saveAdapter: async () => {} },
    });
}

const valuesOf = ({ measurements }: BuildResult, of: number) =>
  measurements.filter(({ stage }) => stage === of).map(({ values }) => values);

test('stages raise the reward of held-out prompts, and have the same bits after an interruption and a crash', async () => {
  const stages = [
    plan('replay: 0.1\nlearning_rate: 0.02\nmax_steps: 4'),
    plan('replay: 0.1\nlearning_rate: 0.02\nmax_steps: 32'),
  ];
  const events: StageEvent[] = [];
  const through = await builder(stages)((event) => events.push(event));
  const values = valuesOf(through, 1);
  const [first, last] = [valuesOf(through, 0)[0], values.at(-1)];
  expect(first?.reward).toBeLessThan(0.5);
  expect(last?.reward).toBeGreaterThan((first?.reward ?? 1) + 0.3);
  // The divergence is from the beginning of each stage.
  expect([first?.divergence, values[0]?.divergence]).toEqual([0, 0]);
  expect(last?.divergence).toBeGreaterThan(0.01);
  const rollouts = events.flatMap((event) => (event.event === 'rollout' && event.stage === 1 ? [event] : []));
  expect(rollouts.map(({ step }) => step)).toEqual(Array.from({ length: 16 }, (_, i) => 2 * i));
  const dropped = rollouts.reduce((sum, rollout) => sum + rollout.dropped, 0);
  expect(dropped).toBe(values.reduce((sum, { dropped_groups = 0 }) => sum + dropped_groups, 0));

  const build = builder(stages);
  const abort = new AbortController();
  const interrupted = build((event) => {
    if (event.event === 'rollout' && event.stage === 1 && event.step === 12)
      abort.abort(new Error('stopped'));
  }, abort.signal);
  await expect(interrupted).rejects.toThrow('stopped');
  // Learning from the rollout of step 20 has begun when the build ends without saving.
  const crashed = build((event) => {
    if (event.event === 'progress' && event.stage === 1 && event.step > 20) throw new Error('crashed');
  });
  await expect(crashed).rejects.toThrow('crashed');
  const resumed: StageEvent[] = [];
  const result = await build((event) => resumed.push(event));
  expect(resumed.find(({ event }) => event === 'rollout')).toMatchObject({ stage: 1, step: 20 });
  expect(result).toEqual(through);
});

test('adapters learn too', async () => {
  // A head as small as that of a new model, which is frozen, leaves adapters nothing to move.
  const lively = base.map((value) => (value === 1 ? value : 25 * value));
  const stage = plan('replay: 0\nlearning_rate: 0.1\nmax_steps: 16\nadapter: lora\nlora_r: 8');
  const result = await builder([stage], lively)(() => {});
  const values = valuesOf(result, 0);
  expect(values[0]?.divergence).toBe(0);
  expect(values.at(-1)?.divergence).toBeGreaterThan(0.01);
  expect(values.at(-1)?.reward).toBeGreaterThan(values[0]?.reward ?? 1);
});

test('policy, generator and judges are on one device; if it is lost while they sample, the same completions are sampled again', async () => {
  const stages = [plan('replay: 0\nlearning_rate: 0.02\nmax_steps: 4')];
  const through = await builder(stages)(() => {});
  // The first device is lost at its fifth submit after the first measurement, the second at its first.
  const opened: GPUDevice[] = [];
  let left = Number.POSITIVE_INFINITY;
  const losing = watchDevices(gpu, (device) => {
    opened.push(device);
    if (opened.length === 2) left = 1;
    const submit = device.queue.submit.bind(device.queue);
    device.queue.submit = (buffers) => {
      submit(buffers);
      if (--left === 0) device.destroy();
    };
  });
  const result = await builder(
    stages,
    base,
    losing,
  )(({ event }) => {
    if (event === 'measurement' && opened.length === 1) left = 5;
  });
  expect(result).toEqual(through);
  expect(opened.length).toBe(3);
});

test('the memory that is predicted has one copy of the policy', async () => {
  const device = await openNodeDevice();
  const stage = plan('replay: 0\nmax_steps: 4');
  const { config: model, shape, optimizer, trainer } = stage;
  const sequences = stage.rollouts?.().completions ?? 0;
  const sampling = { sequences, storage: 'f32' } as const;
  const apart =
    predictMemory(device, model, shape, optimizer, trainer).bytes +
    predictGeneration(device, model, sampling);
  // A copy has the matrices, and the gains of norms again.
  expect(apart - stageBytes(device, stage)).toBeGreaterThan(4 * layoutOf(model).length);
  device.close();
});

test('where no group has spread, every group is dropped and the weights stay as they are', async () => {
  const result = await builder([plan('replay: 0\nmax_steps: 4', '^')])(() => {});
  expect(result.measurements).toMatchObject([
    { step: 0, values: { reward: 1, spread: 0 } },
    { step: 4, values: { reward: 1, spread: 0, training_reward: 1, dropped_groups: 7 } },
  ]);
  expect(result.parameters).toEqual(base);
});
