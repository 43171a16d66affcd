import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildCommand } from '../../../../apps/cli/commands/build.ts';
import { exit, exitCodeOf } from '../../../../apps/cli/exit-codes.ts';
import { saveBase } from '../../../../apps/cli/model/base-folder.ts';
import { byteTokenizer } from '../../../../client/data/tokenizer.ts';
import { presets } from '../../../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../../../client/model/parameters.ts';
import { runCommand } from '../../../support/cli/run-command.ts';
import { type Built, built, runTapestry } from '../../../system/built.ts';

let tapestry: Built;
const folder = mkdtempSync(join(tmpdir(), 'tapestry-build-'));
const at = (...names: string[]) => join(folder, ...names);

const config = {
  ...presets.nano,
  ...{ layers: 1, dimension: 16, heads: 2, keyValueHeads: 1, feedForward: 32, contextLength: 32 },
};

beforeAll(async () => {
  tapestry = await built();
  process.env['TAPESTRY_DATA'] = at('node');
  const layout = layoutOf(config);
  const model = {
    config,
    layout,
    parameters: initialParameters(config, layout, 1),
    tokenizer: byteTokenizer,
  };
  await saveBase(at('base'), model, {
    ...{ name: 'test', run: '0'.repeat(64), round: 0, contributions: 0, tokens: 0, localSteps: 1 },
    ...{ license: 'Apache-2.0', corpora: [] },
  });
  const lines = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join('\n');
  const words = Array.from({ length: 90 }, (_, i) => `w${(i * 7919) % 97}`);
  writeFileSync(
    at('texts.jsonl'),
    lines(words.map((word) => ({ text: `The word is ${word}. It is short.` }))),
  );
  const answers = words.map((word, i) => ({ prompt: `${i} ${word}? `, completion: `${word}!` }));
  writeFileSync(at('answers.jsonl'), `${lines(answers)}\n${JSON.stringify(answers[0])}\n{"prompt": "cut`);
  const pairs = answers.map(({ prompt, completion }) => ({
    prompt,
    chosen: completion,
    rejected: `no ${completion}`,
  }));
  writeFileSync(at('pairs.jsonl'), lines(pairs));
  const labels = answers.map((row, i) =>
    i % 2 ? { ...row, label: true } : { ...row, completion: `no ${row.completion}`, label: false },
  );
  writeFileSync(at('labels.jsonl'), lines(labels));
  writeFileSync(at('base.txt'), 'Everyone has the right to rest. No one shall be alone.\n'.repeat(40));
});
afterAll(() => rmSync(folder, { recursive: true }));

function recipe(name: string, more = ''): string {
  const path = at(name);
  writeFileSync(
    path,
    `base_model: ${at('base')}
checkpoint_minutes: 0.01
micro_batch_size: 4
learning_rate: 3e-3
replay: {text: ${at('base.txt')}}
${more}
stages:
  - {kind: continue, datasets: [{path: ${at('texts.jsonl')}}], max_steps: 40, eval_steps: 20}
  - {kind: instruct, datasets: [{path: ${at('answers.jsonl')}}], num_epochs: 12, adapter: qlora, lora_r: 4, lora_dropout: 0.05}
  - {kind: prefer, datasets: [{path: ${at('pairs.jsonl')}}], num_epochs: 5}
`,
  );
  return path;
}

const eventsOf = (stdout: string): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** Starts a build, and sends the signal after its first checkpoint in a stage. */
async function interrupted(
  words: readonly string[],
  signal: NodeJS.Signals,
  inStage: number,
): Promise<unknown[]> {
  const child = spawn(process.execPath, [tapestry.tapestry, ...words, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    const { event, stage } = JSON.parse(line);
    if (event === 'checkpoint' && stage === inStage) child.kill(signal);
  }
  return ended;
}

test('a build trains its stages, and has the same bits after kill -9 and after Ctrl-C', async () => {
  const path = recipe('recipe.yaml');
  const through = await runTapestry(tapestry, ['build', path, '--out', at('through'), '--json']);
  expect(through).toMatchObject({ code: exit.done });
  const events = eventsOf(through.stdout);
  expect(events.filter(({ event }) => event === 'problem')).toMatchObject([{ code: 'dataset.not-json' }]);
  expect(events.at(-1)).toMatchObject({ event: 'built', folder: at('through') });
  const losses = (stage: number, name: string) =>
    events
      .filter((event) => event['event'] === 'measurement' && event['stage'] === stage)
      .map(({ values }) => Number(new Map(Object.entries(values ?? {})).get(name)));
  for (const stage of [0, 1, 2])
    expect(Math.min(...losses(stage, 'loss'))).toBeLessThan(losses(stage, 'loss')[0] ?? 0);
  expect(losses(1, 'base_loss').every(Number.isFinite)).toBe(true);
  expect(losses(2, 'accuracy')[0]).toBe(0);
  expect(losses(2, 'accuracy').at(-1)).toBe(1);
  expect(readdirSync(at('through')).toSorted()).toEqual([
    'Modelfile',
    'README.md',
    'adapter-2',
    'config.json',
    'curves.csv',
    'curves.jsonl',
    'events.out.tfevents.tapestry',
    'generation_config.json',
    'lineage.json',
    'model.safetensors',
    'tapestry-build.json',
    'tokenizer.json',
    'tokenizer_config.json',
  ]);
  const weights = (name: string) => readFileSync(at(name, 'model.safetensors'));
  expect(weights('through').toString('latin1')).toContain('"tapestry.kind":"derivative"');

  const again = ['build', path, '--out', at('stopped')];
  expect(await interrupted(again, 'SIGKILL', 1)).toEqual([null, 'SIGKILL']);
  expect(readdirSync(at('stopped'))).not.toContain('model.safetensors');
  expect(await interrupted(again, 'SIGINT', 2)).toEqual([exit.interrupted, null]);
  const resumed = await runTapestry(tapestry, [...again, '--json']);
  expect(resumed).toMatchObject({ code: exit.done });
  expect(eventsOf(resumed.stdout).find(({ event }) => event === 'stage')).toMatchObject({ stage: 2 });
  expect(weights('stopped').equals(weights('through'))).toBe(true);
  const curves = (name: string) =>
    readFileSync(at(name, 'curves.jsonl'), 'utf8').replaceAll(/"time":"[^"]*"/g, '');
  expect(curves('stopped')).toBe(curves('through'));

  // A finished build is not trained again, and its folder is that of no other build.
  expect(
    eventsOf((await runTapestry(tapestry, ['build', path, '--out', at('stopped'), '--json'])).stdout),
  ).toMatchObject([{ event: 'problem' }, { event: 'built' }]);
  const other = await runTapestry(tapestry, [
    'build',
    recipe('other.yaml', 'seed: 7'),
    '--out',
    at('stopped'),
  ]);
  expect(other).toMatchObject({
    code: exit.failed,
    stderr: expect.stringContaining('error[build.foreign-folder]'),
  });

  const peft = JSON.parse(readFileSync(at('through', 'adapter-2', 'adapter_config.json'), 'utf8'));
  expect(peft).toMatchObject({ peft_type: 'LORA', r: 4, lora_alpha: 8 });
  expect(readFileSync(at('stopped', 'adapter-2', 'adapter_model.safetensors'))).toEqual(
    readFileSync(at('through', 'adapter-2', 'adapter_model.safetensors')),
  );

  // No run trains from it.
  const relay = await runTapestry(tapestry, [
    'relay',
    '--base',
    at('through'),
    '--data',
    at('relay'),
    '--port',
    '0',
  ]);
  expect(relay).toMatchObject({
    code: exit.failed,
    stderr: expect.stringContaining('error[model.not-a-base]'),
  });
  expect(readdirSync(folder)).not.toContain('relay');

  // The derivative can be used.
  const words = ['generate', '--model', at('through'), '--prompt', '3 ', '--max-tokens', '4', '--greedy'];
  expect(await runTapestry(tapestry, words)).toMatchObject({ code: exit.done });
});

test('the dry run says what would be read, removed and trained, and writes nothing', async () => {
  const words = [recipe('plan.yaml'), '--out', at('planned'), '--dry-run'];
  const plain = await runTapestry(tapestry, ['build', ...words]);
  expect(plain).toMatchObject({ code: exit.done });
  for (const part of [
    'stage 2: instruct',
    '1 rows equal to earlier ones',
    '30% of the loss on base text',
    'on the adapter',
  ])
    expect(plain.stdout).toContain(part);
  const events = await runCommand(buildCommand(), words);
  expect(events.filter(({ event }) => event === 'plan')).toMatchObject([
    { stage: 0, kind: 'continue', steps: 40, replay: 0.3 },
    { stage: 1, kind: 'instruct', lines: 92, leftOut: 1, duplicates: 1, seconds: expect.any(Number) },
    { stage: 2, kind: 'prefer', lines: 90 },
  ]);
  expect(readdirSync(folder)).not.toContain('planned');
});

test('a sweep builds each variant in a folder of its own, and compares them', async () => {
  const path = at('sweep.yaml');
  writeFileSync(
    path,
    `base_model: ${at('base')}\nreplay: 0\nmax_steps: 6\ndatasets: [{path: ${at('answers.jsonl')}}]\nlearning_rate: 1e-5\n`,
  );
  const words = [path, '--out', at('swept'), '--sweep', 'learning_rate=1e-5,3e-3'];
  const { code, stdout } = await runTapestry(tapestry, ['build', ...words]);
  expect(code).toBe(exit.done);
  expect(stdout).toMatch(/variant +instruct: held-out rows +instruct: base text/);
  expect(stdout).toMatch(/learning_rate=3e-3 +\d\.\d{3} +- +best/);
  // Nothing is built a second time.
  const again = await runCommand(buildCommand(), words);
  expect(again.at(-1)).toMatchObject({ event: 'swept', best: 'learning_rate=3e-3' });
  expect(again.filter(({ event }) => event === 'stage')).toEqual([]);
  const wrong = await runTapestry(tapestry, ['build', path, '--sweep', 'learning_rate']);
  expect(wrong).toMatchObject({ code: exit.usage, stderr: expect.stringContaining('error[usage.sweep]') });
});

test('labelled answers are preferred by kto: those wanted gain over those not', async () => {
  const path = at('kto.yaml');
  writeFileSync(
    path,
    `base_model: ${at('base')}\nreplay: 0\nnum_epochs: 4\ndatasets: [{path: ${at('labels.jsonl')}}]\nlearning_rate: 3e-3\nrl: kto\n`,
  );
  const events = await runCommand(buildCommand(), [path, '--out', at('kto')]);
  const measured = events.filter(({ event }) => event === 'measurement');
  expect(measured[0]).toMatchObject({ values: { margin: 0 } });
  const { margin, accuracy } = Object(measured.at(-1)?.['values']);
  expect(margin).toBeGreaterThan(0.1);
  expect(accuracy).toBeGreaterThan(0.9);
});

test('a reinforce stage samples and learns; killed, it resumes', async () => {
  const path = at('reinforce.yaml');
  writeFileSync(
    path,
    `base_model: ${at('base')}
checkpoint_minutes: 0.01
replay: {share: 0.2, text: ${at('base.txt')}}
max_steps: 200
eval_steps: 100
datasets: [{path: ${at('answers.jsonl')}}]
learning_rate: 5e-3
rl: dapo
rewards: [{kind: pattern, pattern: '[a-p]'}, {kind: length, target: 4, weight: 0.1}]
trl: {num_generations: 4, max_completion_length: 4}
`,
  );
  const words = ['build', path, '--out', at('reinforce')];
  await interrupted(words, 'SIGKILL', 0);
  const { code, stdout } = await runTapestry(tapestry, [...words, '--json']);
  expect(code).toBe(exit.done);
  const rollouts = eventsOf(stdout).filter(({ event }) => event === 'rollout');
  expect(rollouts[0]?.['step']).toBeGreaterThan(0);
  expect(rollouts.at(-1)).toMatchObject({ step: 199, reward: expect.any(Number) });
  const [first, , last] = readFileSync(at('reinforce', 'curves.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(last).toMatchObject({ kind: 'reinforce', step: 200, divergence: expect.any(Number) });
  expect(last.reward).toBeGreaterThan(first.reward);
  const { record } = JSON.parse(readFileSync(at('reinforce', 'lineage.json'), 'utf8'));
  expect(record.stages[0].figures[0]).toMatchObject({ name: 'reward', before: first.reward });
});

test('the preview marks the tokens that carry loss', async () => {
  const words = ['preview', recipe('preview.yaml'), '--rows', '2'];
  const { stdout, code } = await runTapestry(tapestry, words);
  expect(code).toBe(exit.done);
  expect(stdout).toMatch(
    /stage 2 instruct, row 1: \d+ of \d+ tokens carry loss\n<\|begin\|>\d+ (w\d+)\? ⟦\1!<\|end\|>⟧/,
  );
  const coloured = await runTapestry(tapestry, words, { NO_COLOR: '', FORCE_COLOR: '1' });
  expect(coloured.stdout).toContain('\u001b[32m');
  expect(coloured.stdout).not.toContain('⟦');
  const shown = eventsOf((await runTapestry(tapestry, [...words, '--json'])).stdout).filter(
    ({ event }) => event === 'example',
  );
  expect(shown).toMatchObject([
    { stage: 0, kind: 'continue' },
    { stage: 0 },
    {
      stage: 1,
      kind: 'instruct',
      spans: [{ carriesLoss: false }, { carriesLoss: true, text: expect.stringMatching(/!<\|end\|>$/) }],
    },
    { stage: 1 },
    { stage: 2, kind: 'prefer' },
    { stage: 2 },
  ]);
});

test.each([
  ['base_model: nowhere\ndatasets: [{path: x.jsonl}]\n', 'model.missing'],
  ['base_model: BASE\ndatasets: [{path: nowhere.jsonl}]\n', 'dataset.none'],
  ['base_model: BASE\ndatasets: [{path: ANSWERS}]\n', 'recipe.replay'],
  ['base_model: BASE\ndatasets: [{path: ANSWERS}]\nreplay: 0\nsequence_len: 64\n', 'recipe.sequence'],
  ['base_model: BASE\ndatasets: [{path: ANSWERS}]\nreplay: {corpora: Atlantis}\n', 'corpus.unknown'],
  ['base_model: BASE\ndatasets: [{path: TEXTS}]\nreplay: 0\n', 'dataset.no-rows'],
  ['base_model: BASE\ndataset: []\n', 'recipe.invalid'],
])('%j is refused: %s', async (text, code) => {
  const path = at(`${code}.yaml`);
  const paths = { BASE: at('base'), ANSWERS: at('answers.jsonl'), TEXTS: at('texts.jsonl') };
  writeFileSync(
    path,
    Object.entries(paths).reduce((all, [name, value]) => all.replace(name, value), text),
  );
  const refusal: unknown = await runCommand(buildCommand(), [path, '--dry-run']).catch((error) => error);
  expect(refusal).toMatchObject({ code });
  expect(exitCodeOf(refusal)).toBe(exit.failed);
});
