import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CachedDecoder } from '../../../client/model/cached-decoder.ts';
import type { ModelConfig } from '../../../client/model/config.ts';
import { presets } from '../../../client/model/config.ts';
import { type GenerateOptions, generate } from '../../../client/model/generate.ts';
import { initialParameters, layoutOf } from '../../../client/model/parameters.ts';
import { referenceForward } from '../../../client/model/reference/model.ts';
import { Random } from '../../../client/random.ts';

const config: ModelConfig = {
  vocabularySize: 11,
  layers: 2,
  dimension: 16,
  heads: 4,
  keyValueHeads: 2,
  feedForward: 21,
  contextLength: 8,
  ropeTheta: 100,
  normEpsilon: 1e-5,
  tiedHead: false,
};
const layout = layoutOf(config);

/** Far larger than at the start of training, so that the distribution has shape. */
function lively(of: ModelConfig, seed: number): Float32Array<ArrayBuffer> {
  return initialParameters(of, layoutOf(of), seed).map((value) =>
    Math.abs(value) < 0.2 ? 15 * value : value,
  );
}
const parameters = lively(config, 1);

/** The reference's logits after the last of `tokens`. */
function referenceLogits(of: ModelConfig, values: Float32Array, tokens: readonly number[]): Float64Array {
  const shape = { batch: 1, sequence: tokens.length };
  const logits = referenceForward(
    of,
    layoutOf(of),
    Float64Array.from(values),
    Uint32Array.from(tokens),
    shape,
  );
  return logits.subarray(-of.vocabularySize);
}

async function all(tokens: AsyncIterable<number>): Promise<number[]> {
  const list: number[] = [];
  for await (const token of tokens) list.push(token);
  return list;
}

async function collect(options: Partial<GenerateOptions>): Promise<number[]> {
  const whole = { prompt: [1], maxTokens: 20, temperature: 0, random: Random.seeded(1), ...options };
  return all(generate(config, layout, parameters, whole));
}

test('the cached decoder agrees with the reference at every place', () => {
  const shapes = fc.record({
    layers: fc.integer({ min: 1, max: 2 }),
    keyValueHeads: fc.integer({ min: 1, max: 2 }),
    group: fc.integer({ min: 1, max: 3 }),
    half: fc.integer({ min: 1, max: 4 }),
    tiedHead: fc.boolean(),
  });
  const prompts = fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(shapes, prompts, fc.nat(), ({ group, half, ...sizes }, tokens, seed) => {
      const heads = group * sizes.keyValueHeads;
      const shape = { ...config, ...sizes, heads, dimension: heads * 2 * half };
      const values = lively(shape, seed);
      const decoder = new CachedDecoder(shape, layoutOf(shape), values);
      tokens.forEach((token, i) => {
        Array.from(decoder.append(token, true));
        const expected = referenceLogits(shape, values, tokens.slice(0, i + 1));
        decoder.logits.forEach((logit, v) => {
          expect(Math.abs(logit - (expected[v] ?? 0))).toBeLessThan(1e-4);
        });
      });
    }),
    { numRuns: 25 },
  );
});

test('greedy takes the likeliest token, and past the context goes on from its last half', async () => {
  const window = [3, 1, 4];
  const expected = Array.from({ length: 20 }, () => {
    if (window.length > config.contextLength) window.splice(0, window.length - config.contextLength / 2);
    const logits = referenceLogits(config, parameters, window);
    const token = logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));
    window.push(token);
    return token;
  });
  const tokens = await collect({ prompt: [3, 1, 4] });
  expect(tokens).toEqual(expected);
  expect(new Set(tokens).size).toBeGreaterThan(1);
});

test('of a prompt longer than the context the end counts', async () => {
  const prompt = [5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7];
  expect(await collect({ prompt })).toEqual(await collect({ prompt: prompt.slice(-8) }));
});

test('sampling follows the distribution at its temperature', async () => {
  const logits = referenceLogits(config, parameters, [2]).map((logit) => logit / 0.7);
  const whole = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  const random = Random.seeded(7);
  const counts = new Array<number>(config.vocabularySize).fill(0);
  const draws = 4000;
  for (let i = 0; i < draws; i++) {
    const [token] = await collect({ prompt: [2], maxTokens: 1, temperature: 0.7, random });
    counts[token ?? 0] = (counts[token ?? 0] ?? 0) + 1;
  }
  counts.forEach((count, token) => {
    expect(Math.abs(count / draws - Math.exp(logits[token] ?? 0) / whole)).toBeLessThan(0.03);
  });
});

test('top-k keeps to the k likeliest, and one seed gives one text', async () => {
  const logits = referenceLogits(config, parameters, [2]);
  const likeliest = [...logits.keys()].sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0)).slice(0, 2);
  const random = Random.seeded(3);
  const seen = new Set<number | undefined>();
  for (let i = 0; i < 60; i++) {
    const [token] = await collect({ prompt: [2], maxTokens: 1, temperature: 5, topK: 2, random });
    seen.add(token);
  }
  expect([...seen].sort()).toEqual(likeliest.sort());
  const sampled = () => collect({ temperature: 1, random: Random.seeded(9) });
  expect(await sampled()).toEqual(await sampled());
});

test('generation ends before the stop token and after the tokens asked for', async () => {
  const free = await collect({});
  const stop = free[3] ?? 0;
  expect(await collect({ stop })).toEqual(free.slice(0, free.indexOf(stop)));
  expect(await collect({ maxTokens: 0 })).toEqual([]);
  expect(free).toHaveLength(20);
});

test('timers run while it generates, and aborting ends it', async () => {
  const nano = presets.nano;
  const controller = new AbortController();
  let turns = 0;
  const timer = setInterval(() => {
    turns++;
    if (turns === 3) controller.abort();
  }, 0);
  const text = generate(nano, layoutOf(nano), lively(nano, 1), {
    prompt: [256],
    maxTokens: 1_000_000,
    temperature: 0,
    random: Random.seeded(1),
    signal: controller.signal,
  });
  await expect(all(text)).rejects.toThrow('aborted');
  clearInterval(timer);
  expect(turns).toBe(3);
});

test('options without a meaning are refused', async () => {
  const refused: Partial<GenerateOptions>[] = [
    { prompt: [] },
    { prompt: [11] },
    { prompt: [0.5] },
    { maxTokens: -1 },
    { temperature: Number.NaN },
    { temperature: -1 },
    { topK: 0 },
  ];
  for (const options of refused) {
    await expect(collect(options)).rejects.toMatchObject({ code: 'generate.bad-option' });
  }
});

test('weights that overflow are told, not sampled', async () => {
  const broken = generate(config, layout, new Float32Array(layout.length).fill(Number.NaN), {
    prompt: [1],
    maxTokens: 1,
    temperature: 0,
    random: Random.seeded(1),
  });
  await expect(all(broken)).rejects.toMatchObject({ code: 'generate.not-finite' });
});
