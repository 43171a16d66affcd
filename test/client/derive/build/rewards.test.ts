import { afterAll, beforeAll, expect, test } from 'vitest';
import { byteTokenizer } from '../../../../client/data/tokenizer.ts';
import { noSources, Rewards } from '../../../../client/derive/build/reinforce/rewards.ts';
import { defaultFunctionLimits } from '../../../../client/derive/function/call.ts';
import { callLimited } from '../../../../client/derive/function/limited-function.ts';
import type { RewardRule } from '../../../../client/derive/recipe/reinforce.ts';
import { RewardModel } from '../../../../client/derive/reward/reward-model.ts';
import type { Device } from '../../../../client/gpu/device.ts';
import { nodeIsolate } from '../../../../client/host/node/isolate.ts';
import { presets } from '../../../../client/model/config.ts';
import { predictGeneration } from '../../../../client/model/generate/generation-program.ts';
import { GpuDecoder } from '../../../../client/model/generate/gpu-decoder.ts';
import { initialParameters, layoutOf } from '../../../../client/model/parameters.ts';
import { countBuffers } from '../../../support/counted-device.ts';
import { openNodeDevice } from '../../../support/gpu-node.ts';
import { memoryFiles } from '../../../support/tuned-store.ts';

const cache = memoryFiles();
let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
const program = new URL('../../../../apps/cli/function-worker.ts', import.meta.url);
const opened: { close(): void }[] = [];
afterAll(() => {
  for (const one of opened) one.close();
  device.close();
});
const { signal } = new AbortController();

async function open(rules: readonly RewardRule[], sources = noSources): Promise<Rewards> {
  const startFunction = () => nodeIsolate(program);
  const rewards = await Rewards.open({ rules, sources, device, cache, startFunction });
  opened.push(rewards);
  return rewards;
}

const plain = (completion: string, answer: string | null = null) => ({ prompt: 'q', completion, answer });

test('a reward is the weighted sum of its rules', async () => {
  const rewards = await open([
    { kind: 'exact', weight: 2 },
    { kind: 'pattern', pattern: '^\\p{L}+$', weight: 1 },
    { kind: 'length', target: 4, weight: -0.5 },
  ]);
  const of = async (completion: string, answer: string | null) =>
    (await rewards.of([plain(completion, answer)], signal)).rewards[0];
  expect(await of(' ёлка\n', 'ёлка')).toBe(2 + 1 - 0.5);
  expect(await of('ab', 'ёлка')).toBe(1 - 0.25);
  expect(await of('', null)).toBeCloseTo(0);
  expect(await of('1234567890', 'x')).toBeCloseTo(0);
});

test.each(['f32', 'f16'] as const)(
  'the memory of sampling 64 sequences in %s is predicted',
  async (storage) => {
    const config = {
      ...presets.nano,
      ...{ layers: 2, dimension: 16, heads: 2, keyValueHeads: 1, feedForward: 32, contextLength: 16 },
    };
    const layout = layoutOf(config);
    const { device, bytes } = countBuffers(await openNodeDevice());
    const shape = { sequences: 64, storage };
    const decoder = await GpuDecoder.create(
      device,
      config,
      layout,
      initialParameters(config, layout, 1),
      shape,
    );
    const prompts = Array.from({ length: 64 }, (_, sequence) => ({ sequence, tokens: [256, 1, 2, 3] }));
    for (const additions of [prompts, prompts.map(({ sequence }) => ({ sequence, tokens: [4] }))])
      expect(await decoder.append(additions)).toHaveLength(64);
    expect(bytes()).toBe(predictGeneration(device, config, shape));
    decoder.close();
    device.close();
  },
);

test('a pattern that a backtracking engine would hang on is answered at once', async () => {
  const rewards = await open([{ kind: 'pattern', pattern: '^(a+)+$', weight: 1 }]);
  const result = await rewards.of([plain(`${'a'.repeat(5000)}b`), plain('a'.repeat(5000))], signal);
  expect(result.rewards).toEqual([0, 1]);
});

test('a judge scores completions with their prompts, and one that is too long has no reward', async () => {
  const config = {
    ...presets.nano,
    ...{ layers: 1, dimension: 16, heads: 2, keyValueHeads: 1, feedForward: 32, contextLength: 16 },
    scores: true,
  };
  const parameters = initialParameters(config, layoutOf(config), 3).map((value) =>
    value === 1 ? value : 25 * value,
  );
  const weights = { config, parameters, tokenizer: byteTokenizer };
  const judge = await RewardModel.on(device, cache, weights);
  opened.push(judge);
  const texts = [plain('abc'), plain('xyz'), plain('x'.repeat(20))];
  const [one = null, other = null] = await judge.scores(texts);
  const rewards = await open([{ kind: 'judge', model: 'judge', weight: 2 }], {
    ...noSources,
    judges: new Map([['judge', weights]]),
  });
  const result = await rewards.of(texts, signal);
  expect(one).not.toBe(other);
  expect(result.rewards).toEqual([2 * (one ?? 0), 2 * (other ?? 0), 0]);
  expect(result).toMatchObject({ failures: 1, failure: expect.stringContaining('longer') });
});

const functionRule = { kind: 'function', path: 'f', weight: 1, milliseconds: 60_000 } as const;
const written = (source: string, rule: RewardRule = functionRule) =>
  open([rule], { ...noSources, functions: new Map([['f', source]]) });

test("a person's function is given the completion, the prompt and the answer, and remembers nothing", async () => {
  const rewards = await written(`
    let calls = 0;
    export default (completion, { prompt, answer }) => completion.length + 10 * prompt.length + (answer === 'x') / 2 + calls++;`);
  const result = await rewards.of([plain('ёж', 'x'), plain('abc'), plain('abc')], signal);
  expect(result).toEqual({ rewards: [12.5, 13, 13], failures: 0, failure: null });
});

test('it sees no network, files, process, modules, clock or chance', async () => {
  const names = ['fetch', 'WebSocket', 'XMLHttpRequest', 'process', 'require', 'Deno', 'Worker', 'navigator'];
  const more = ['setTimeout', 'Date', 'performance', 'crypto', 'WebAssembly', 'importScripts', 'postMessage'];
  const rewards = await written(`
    const names = ${JSON.stringify([...names, ...more])};
    const hidden = (0, eval)('this').constructor.constructor('return globalThis')();
    export default () => names.filter((name) => name in globalThis || name in hidden).length + ('random' in Math ? 100 : 0);`);
  expect((await rewards.of([plain('a')], signal)).rewards).toEqual([0]);
});

test.each([
  ["import fs from 'node:fs'; export default () => 1", 'module'],
  ["const { readFileSync } = await import('node:fs'); export default () => 1", ''],
  ["export default () => import('https://example.com/x.js')", 'no finite number'],
  ['export default async () => 1', 'no finite number'],
  ['export default () => "1"', 'no finite number, but string'],
  ['export default () => NaN', 'no finite number'],
  ['export default 5', 'no function'],
  ['export default (', 'expression'],
  ['export default () => { throw new Error("own words\\u001b[2J"); }', 'own words'],
  ['export default () => { for (;;); }', 'too long'],
  ['export default (c) => /^(a+)+$/.test("a".repeat(40) + "b") ? 1 : 0', 'too long'],
  ['const f = () => f() + 1; export default f', 'stack'],
  ['export default () => "x".repeat(1e9).length', 'memory'],
  [`export default () => 1 // ${'x'.repeat(2 ** 20)}`, 'bytes'],
])('%.60s fails and says why', async (source, why) => {
  const result = await callLimited(source, plain('a'), defaultFunctionLimits);
  const failure = 'failure' in result ? result.failure : '';
  expect(failure).not.toBe('');
  expect(failure).toContain(why);
  expect(failure).not.toContain('\u001b');
});

test('failures are counted, and the next call works', async () => {
  const rewards = await written(
    'export default (c) => { if (c === "a") throw new Error("own words"); return 1; }',
  );
  const result = await rewards.of([plain('a'), plain('b'), plain('a')], signal);
  expect(result).toMatchObject({ rewards: [0, 1, 0], failures: 2, failure: 'own words' });
});

test('a call that hangs within a built-in function is ended, and the one after it is answered', async () => {
  const source =
    'export default (c) => c === "hang" ? Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1) : c.length';
  const rewards = await written(source, { ...functionRule, milliseconds: 1500 });
  const result = await rewards.of([plain('hang'), plain('four')], signal);
  expect(result).toMatchObject({ failures: 1, failure: expect.stringContaining('1500 ms') });
  expect(result.rewards[0]).toBe(0);
});

test('without threads a function is refused', async () => {
  const sources = { ...noSources, functions: new Map([['f', 'export default () => 1']]) };
  const opening = Rewards.open({ rules: [functionRule], sources, device, cache, startFunction: undefined });
  await expect(opening).rejects.toMatchObject({ code: 'reward.no-thread' });
});
