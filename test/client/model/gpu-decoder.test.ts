import { afterAll, beforeAll, expect, test } from 'vitest';
import { withoutCache } from '../../../bench/without-cache.ts';
import type { Device } from '../../../client/gpu/device.ts';
import type { CachedDecoder } from '../../../client/model/cached-decoder.ts';
import type { ModelConfig } from '../../../client/model/config.ts';
import { CpuDecoder } from '../../../client/model/cpu-decoder.ts';
import { generate } from '../../../client/model/generate.ts';
import { GpuDecoder } from '../../../client/model/gpu-decoder.ts';
import { layoutOf } from '../../../client/model/parameters.ts';
import { Random } from '../../../client/random.ts';
import { openNodeDevice } from '../../gpu-node.ts';
import { livelyParameters, referenceLogits } from './lively-model.ts';

const config: ModelConfig = {
  vocabularySize: 12,
  layers: 2,
  dimension: 32,
  heads: 4,
  keyValueHeads: 2,
  feedForward: 24,
  contextLength: 80,
  ropeTheta: 100,
  normEpsilon: 1e-5,
  tiedHead: false,
};

let device: Device;
beforeAll(async () => {
  device = await openNodeDevice();
});
afterAll(() => device.close());

/** The device as a CPU adapter and as a GPU would run it. */
const forms = () => [device, { ...device, software: false, subgroupSize: 0 }];

function randomTokens(seed: number, length: number): number[] {
  const random = Random.seeded(seed);
  return Array.from({ length }, () => random.below(config.vocabularySize));
}

function expectNear(logits: Float32Array | undefined, expected: Float64Array): void {
  expect(logits?.length).toBe(expected.length);
  const furthest = Math.max(...expected.map((value, i) => Math.abs(value - (logits?.[i] ?? Number.NaN))));
  expect(furthest).toBeLessThan(1e-4);
}

test('the GPU decoder agrees with the reference at every place, whatever was read at once', async () => {
  const tokens = randomTokens(5, 75);
  for (const form of forms()) {
    for (const shape of [config, { ...config, keyValueHeads: 4, tiedHead: true, layers: 1 }]) {
      const parameters = livelyParameters(shape, 2);
      const decoder = await GpuDecoder.create(form, shape, layoutOf(shape), parameters, { sequences: 1 });
      for (const parts of [new Array<number>(12).fill(1), [1, 2, 3, 7], [66, 1, 5], [75]]) {
        decoder.clear(0);
        for (const count of parts) {
          const start = decoder.lengthOf(0);
          const [logits] = await decoder.append([
            { sequence: 0, tokens: tokens.slice(start, start + count) },
          ]);
          expect(decoder.lengthOf(0)).toBe(start + count);
          expectNear(logits, referenceLogits(shape, parameters, tokens.slice(0, start + count)));
        }
      }
      decoder.close();
    }
  }
});

test('sequences of different lengths side by side are each as alone', async () => {
  const parameters = livelyParameters(config, 4);
  for (const form of forms()) {
    const decoder = await GpuDecoder.create(form, config, layoutOf(config), parameters, { sequences: 3 });
    const held: number[][] = [[], [], []];
    const steps: (readonly [sequence: number, tokens: number])[][] = [
      [
        [0, 40],
        [2, 3],
        [1, 41],
      ],
      [
        [0, 1],
        [1, 1],
        [2, 1],
      ],
      [
        [2, 1],
        [0, 1],
      ],
      [
        [1, 30],
        [2, 1],
      ],
      [[1, 1]],
    ];
    for (const [at, step] of steps.entries()) {
      const additions = step.map(([sequence, count]) => {
        const tokens = randomTokens(100 * at + sequence, count);
        held[sequence] = [...(held[sequence] ?? []), ...tokens];
        return { sequence, tokens };
      });
      const logits = await decoder.append(additions);
      step.forEach(([sequence], i) => {
        expectNear(logits[i], referenceLogits(config, parameters, held[sequence] ?? []));
      });
    }
    decoder.close();
  }
});

/** What these prompts are continued with, greedily: for each its tokens. */
async function greedy(decoder: CachedDecoder, prompts: readonly number[][], maxTokens: number) {
  const tokens = prompts.map((): number[] => []);
  const pieces = generate(
    decoder,
    prompts.map((prompt) => ({ tokens: prompt, random: Random.seeded(1) })),
    { tokenizer: { stream: () => ({ push: String, flush: () => '' }) }, maxTokens, temperature: 0 },
  );
  for await (const { prompt, token } of pieces) tokens[prompt]?.push(token);
  return tokens;
}

test('greedy text is the same with and without the cache, on the GPU and the CPU, in a batch and alone', async () => {
  const prompts = [randomTokens(1, 3), randomTokens(2, 30), randomTokens(3, 1), randomTokens(4, 79)];
  const layout = layoutOf(config);
  for (const seed of [11, 12, 13]) {
    const parameters = livelyParameters(config, seed);
    const cpu = new CpuDecoder(config, layout, parameters, 4);
    const gpu = await GpuDecoder.create(device, config, layout, parameters, { sequences: 4 });
    const alone = await GpuDecoder.create(device, config, layout, parameters, { sequences: 1 });
    // Past the context's end, too.
    const expected = await greedy(withoutCache(cpu), prompts, 24);
    expect(new Set(expected.flat()).size).toBeGreaterThan(3);
    for (const decoder of [cpu, gpu, withoutCache(gpu), alone])
      expect(await greedy(decoder, prompts, 24)).toEqual(expected);
    for (const decoder of [gpu, alone]) decoder.close();
  }
});

test('a step is one submit, and a closed device is told', async () => {
  const own = await openNodeDevice();
  const decoder = await GpuDecoder.create(own, config, layoutOf(config), livelyParameters(config, 1), {
    sequences: 2,
  });
  await decoder.append([{ sequence: 0, tokens: [1, 2, 3] }]);
  let submits = 0;
  const submit = own.device.queue.submit.bind(own.device.queue);
  own.device.queue.submit = (buffers) => {
    submits++;
    submit(buffers);
  };
  await decoder.append([
    { sequence: 0, tokens: [4] },
    { sequence: 1, tokens: [5] },
  ]);
  expect(submits).toBe(1);
  const lost = decoder.append([{ sequence: 0, tokens: [4] }]);
  own.close();
  await expect(lost).rejects.toMatchObject({ code: 'device.lost' });
  await expect(decoder.append([{ sequence: 0, tokens: [4] }])).rejects.toMatchObject({ code: 'device.lost' });
});

test('a cache that no binding can hold is refused', async () => {
  const huge = { ...config, contextLength: 2 ** 24 };
  await expect(
    GpuDecoder.create(device, huge, layoutOf(huge), livelyParameters(huge, 1), { sequences: 8 }),
  ).rejects.toMatchObject({ code: 'device.too-small' });
});
