import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { buildInto } from '../../../../apps/cli/build/build-into.ts';
import { readInputs } from '../../../../apps/cli/build/inputs.ts';
import { planText } from '../../../../apps/cli/build/prediction.ts';
import { BuildProgress } from '../../../../apps/cli/build/progress.ts';
import { describeModel } from '../../../../apps/cli/model/describe-model.ts';
import { loadModel, loadRewardModel } from '../../../../apps/cli/model/model-folder.ts';
import { writeModelFolder } from '../../../../apps/cli/model/write-model.ts';
import { Output } from '../../../../apps/cli/terminal/output.ts';
import { byteTokenizer } from '../../../../client/data/tokenizer.ts';
import { stageBytes } from '../../../../client/derive/prediction.ts';
import { encodeModelFolder } from '../../../../client/formats/model-folder.ts';
import { identityInFiles } from '../../../../client/identity.ts';
import { presets } from '../../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../../client/model/parameters.ts';
import { predictMemory } from '../../../../client/train/memory.ts';
import { openNodeDevice } from '../../../support/gpu-node.ts';
import { memoryFiles } from '../../../support/tuned-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'tapestry-reward-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const config = {
  ...presets.nano,
  ...{ layers: 1, dimension: 16, heads: 2, keyValueHeads: 1, feedForward: 32, contextLength: 16 },
};

test('a recipe with reward_model makes a folder that scores, and is refused where text is written', async () => {
  const layout = layoutOf(config);
  const parameters = initialParameters(config, layout, 1);
  await writeModelFolder(
    at('base'),
    encodeModelFolder(config, layout, parameters, byteTokenizer, { metadata: {}, card: '' }),
  );
  const rows = Array.from({ length: 40 }, (_, i) => ({
    prompt: `${i}?`,
    chosen: `${i}a`,
    rejected: `b${i}`,
    margin: 0.1,
  }));
  writeFileSync(at('pairs.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
  writeFileSync(
    at('recipe.yaml'),
    `base_model: ${at('base')}
datasets: [{path: ${at('pairs.jsonl')}}]
reward_model: true
center_rewards_coefficient: 0.01
adapter: lora
lora_r: 4
max_steps: 4
`,
  );
  const inputs = await readInputs(at('recipe.yaml'), (problem) => {
    throw problem;
  });
  const [plan] = inputs.build.stages;
  expect(plan?.recipe).toMatchObject({ kind: 'reward', reward: { centring: 0.01 }, replay: { share: 0 } });
  if (plan === undefined) throw new Error('there is a stage');
  const { shape, optimizer, trainer } = plan;
  const device = await openNodeDevice();
  const { bytes } = predictMemory(device, { ...config, scores: true }, shape, optimizer, trainer);
  expect(stageBytes(device, plan)).toBe(bytes);
  device.close();
  const text = planText(inputs, [{ stage: plan, index: 0, bytes, seconds: 1 }]);
  expect(text).toContain(`${plan.data.train.length / 2} pairs of`);

  const progress = new BuildProgress(new Output(true));
  const { stages } = await buildInto(inputs, at('judge'), {
    ...{ progress, signer: await identityInFiles(memoryFiles()), signal: new AbortController().signal },
  });
  expect(stages[0]?.figures.map(({ name }) => name)).toEqual(['held-out rows', 'accuracy', 'margin']);
  expect(stages[0]?.figures.every(({ before, after }) => before !== null && after !== null)).toBe(true);
  expect(readdirSync(at('judge'))).not.toContain('Modelfile');
  expect(readdirSync(at('judge'))).not.toContain('adapter-1');
  expect(await loadRewardModel(at('judge'))).toMatchObject({
    config: { ...config, scores: true },
    metadata: { 'tapestry.kind': 'derivative' },
  });
  await expect(loadModel(at('judge'))).rejects.toMatchObject({ code: 'model.scores' });
  await expect(loadRewardModel(at('base'))).rejects.toMatchObject({ code: 'model.no-scores' });
  expect((await describeModel(at('judge'))).text).toContain('a reward model');
  expect((await describeModel(at('base'))).fact).toMatchObject({ head: 'language', layers: 1 });

  // A judge is trained on, but nothing else begins with it.
  writeFileSync(
    at('more.yaml'),
    `base_model: ${at('judge')}\ndatasets: [{path: ${at('pairs.jsonl')}}]\nrl: dpo\nreplay: 0\n`,
  );
  await expect(readInputs(at('more.yaml'), () => {})).rejects.toMatchObject({ code: 'model.scores' });
});
