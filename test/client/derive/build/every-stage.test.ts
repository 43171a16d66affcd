import { expect, test } from 'vitest';
import { byteTokenizer } from '../../../../client/data/tokenizer.ts';
import { WordTokens } from '../../../../client/data/tokens.ts';
import { runBuild } from '../../../../client/derive/build/build.ts';
import type { StageEvent } from '../../../../client/derive/build/run-stage.ts';
import { splitData } from '../../../../client/derive/build/stage-data.ts';
import { planStage } from '../../../../client/derive/build/stage-plan.ts';
import type { Row } from '../../../../client/derive/data/row.ts';
import { parseRecipe } from '../../../../client/derive/recipe/recipe.ts';
import { presets } from '../../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../../client/model/parameters.ts';
import { nodeGpu } from '../../../support/gpu-node.ts';
import { memoryFiles } from '../../../support/tuned-store.ts';

const config = {
  ...presets.nano,
  ...{ layers: 1, dimension: 16, heads: 2, keyValueHeads: 1, feedForward: 32, contextLength: 8 },
};
const base = initialParameters(config, layoutOf(config), 1);
const gpu = nodeGpu();

const rowsOf: Readonly<Record<string, (i: number) => Row>> = {
  continue: (i) => ({ form: 'text', text: `word ${i}` }),
  instruct: (i) => ({ form: 'answer', prompt: `${i}?`, completion: 'yes' }),
  prefer: (i) => ({ form: 'preference', prompt: `${i}?`, chosen: 'a', rejected: 'bc' }),
  reward: (i) => ({ form: 'preference', prompt: `${i}?`, chosen: 'a', rejected: 'bc' }),
  reinforce: (i) => ({ form: 'prompt', prompt: `${i}?` }),
};

function planOf(kind: string, more: string) {
  const source = `base_model: memory
seed: 3
eval_steps: 1
max_steps: 6
micro_batch_size: 12
val_set_size: 0.2
stages: [{kind: ${kind}, datasets: [{path: memory}], ${more}}]`;
  const [recipe] = parseRecipe(source, 'recipe.yaml').stages;
  const row = rowsOf[kind];
  if (recipe === undefined || row === undefined) throw new Error('the recipe has a stage');
  const rows = { train: [0, 1, 2, 3, 4, 5].map(row), heldOut: [6, 7].map(row) };
  const counts = { lines: 8, leftOut: 0, duplicates: 0, nearCopies: 0, files: [] };
  const data = splitData({ ...rows, ...counts }, recipe, byteTokenizer, 8);
  const text = WordTokens.of(Uint32Array.from({ length: 200 }, (_, i) => 48 + (i % 10)));
  return planStage(recipe, config, data, { name: 'digits', train: text, heldOut: text }, 5);
}

/** Runs a stage by a clock that goes on a second whenever it is read. */
async function run(
  kind: string,
  more: string,
  checkpointMilliseconds: number,
  files = memoryFiles(),
  onEvent: (event: StageEvent) => void = () => {},
) {
  const events: StageEvent[] = [];
  let now = 0;
  const result = await runBuild({ id: 'a'.repeat(64), base, stages: [planOf(kind, more)] }, files, {
    runtime: {
      gpu: async () => gpu,
      cache: memoryFiles(),
      sleep: async () => {},
      now: () => {
        now += 1000;
        return now;
      },
    },
    ...{ config, tokenizer: byteTokenizer, references: memoryFiles(), date: () => 0 },
    ...{ checkpointMilliseconds, saveAdapter: async () => {}, signal: new AbortController().signal },
    onEvent: (event) => {
      events.push(event);
      onEvent(event);
    },
  });
  return { result, events };
}

const rewards =
  'rewards: [{kind: pattern, pattern: "[a-p]"}], trl: {num_generations: 4, max_completion_length: 3}';
const kinds = [
  ['continue', 'base_loss', ''],
  ['instruct', 'loss', ''],
  ['prefer', 'accuracy', ''],
  ['reward', 'margin', ''],
  ['reinforce', 'reward', `, ${rewards}`],
] as const;

test.each(kinds)(
  '%s ends early by %s, keeps the best, and stores a checkpoint whenever it is due',
  async (kind, metric, more) => {
    // Nothing is learnt, so that no measurement is better than the first.
    const still = `metric_for_best_model: ${metric}, learning_rate: 0, early_stopping_patience: 2${more}`;
    const { result, events } = await run(kind, still, 1);
    expect(result.measurements.map(({ step }) => step)).toEqual([0, 1, 2, 3]);
    expect(result.measurements.every(({ values }) => values[metric] !== undefined)).toBe(true);
    expect(result.chosen).toEqual([1]);
    expect(events).toContainEqual({ event: 'stopped-early', stage: 0, step: 3 });
    expect(events.filter(({ event }) => event === 'checkpoint').length).toBeGreaterThanOrEqual(3);
    expect(kind === 'reward' || result.parameters.every((value, i) => value === base[i])).toBe(true);
  },
);

test('a checkpoint that is not due is not stored', async () => {
  const { events } = await run('instruct', 'max_steps: 3', Number.POSITIVE_INFINITY);
  expect(events.filter(({ event }) => event === 'checkpoint')).toEqual([
    { event: 'checkpoint', stage: 0, step: 3 },
  ]);
});

test('a state names its base by hash, and resumes with no other', async () => {
  const files = memoryFiles();
  await run('instruct', 'max_steps: 1, adapter: lora', 1, files);
  const other = base.map((value) => 2 * value);
  const build = {
    id: 'a'.repeat(64),
    base: other,
    stages: [planOf('instruct', 'max_steps: 1, adapter: lora')],
  };
  const resuming = runBuild(build, files, {
    runtime: { gpu: async () => gpu, cache: memoryFiles(), sleep: async () => {}, now: () => 0 },
    ...{ config, tokenizer: byteTokenizer, references: memoryFiles(), date: () => 0, onEvent: () => {} },
    ...{ checkpointMilliseconds: 1, saveAdapter: async () => {}, signal: new AbortController().signal },
  });
  await expect(resuming).rejects.toMatchObject({ code: 'build.other-base' });
});

test('a divergence from the start that costs much holds a stage near it, with the same bits after a crash', async () => {
  const learning = 'max_steps: 8, eval_steps: 8, learning_rate: 0.02, replay: 0';
  const divergences = ({ measurements }: Awaited<ReturnType<typeof run>>['result']) =>
    measurements.map(({ values }) => values.divergence);
  const held = await run('instruct', `${learning}, kl: 30`, 1);
  const barely = await run('instruct', `${learning}, kl: 0.001`, 1);
  expect([divergences(held.result)[0], divergences(barely.result)[0]]).toEqual([0, 0]);
  const [near = Number.NaN, far = Number.NaN] = [held, barely].map(({ result }) =>
    divergences(result).at(-1),
  );
  expect(near).toBeLessThan(far / 3);

  const files = memoryFiles();
  const crash = ({ event }: StageEvent) => {
    if (event === 'checkpoint') throw new Error('crashed');
  };
  await expect(run('instruct', `${learning}, kl: 30`, 1, files, crash)).rejects.toThrow('crashed');
  const resumed = await run('instruct', `${learning}, kl: 30`, 1, files);
  expect(resumed.result.parameters).toEqual(held.result.parameters);
  expect(divergences(resumed.result)).toEqual(divergences(held.result));
});
