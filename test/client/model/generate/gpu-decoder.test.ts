import { afterAll, beforeAll, expect, test } from 'vitest';
import { livelyParameters } from '../../../../bench/lively-parameters.ts';
import { withoutCache } from '../../../../bench/without-cache.ts';
import type { Device } from '../../../../client/gpu/device.ts';
import type { Chooser } from '../../../../client/gpu/program.ts';
import type { ModelConfig } from '../../../../client/model/config.ts';
import type { CachedDecoder } from '../../../../client/model/generate/cached-decoder.ts';
import { CpuDecoder } from '../../../../client/model/generate/cpu-decoder.ts';
import { generate } from '../../../../client/model/generate/generate.ts';
import { generationSites } from '../../../../client/model/generate/generation-program.ts';
import { GpuDecoder } from '../../../../client/model/generate/gpu-decoder.ts';
import { initialParameters, layoutOf } from '../../../../client/model/parameters.ts';
import { Random } from '../../../../client/random.ts';
import { Trainer } from '../../../../client/train/trainer.ts';
import { freshState } from '../../../../client/train/training.ts';
import { relativeError } from '../../../platform/step.ts';
import { openNodeDevice } from '../../../support/gpu-node.ts';
import { referenceLogits } from '../../../support/lively-model.ts';

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

/** The device presented as a CPU adapter and as a GPU, which choose different kernels. */
const forms = () => [device, { ...device, software: false, subgroupSize: 0 }];

function randomTokens(seed: number, length: number, { vocabularySize } = config): number[] {
  const random = Random.seeded(seed);
  return Array.from({ length }, () => random.below(vocabularySize));
}

function expectNear(logits: Float32Array | undefined, expected: Float64Array): void {
  expect(logits?.length).toBe(expected.length);
  const furthest = Math.max(...expected.map((value, i) => Math.abs(value - (logits?.[i] ?? Number.NaN))));
  expect(furthest).toBeLessThan(1e-4);
}

test('the GPU decoder agrees with the reference at every position, however many tokens it reads at once', async () => {
  const tokens = randomTokens(5, 75);
  for (const form of forms()) {
    for (const shape of [config, { ...config, keyValueHeads: 4, headSize: 24, tiedHead: true, layers: 1 }]) {
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

test('sequences of different lengths give the same side by side as alone', async () => {
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

/** The tokens that greedy decoding appends to each prompt. */
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
    // This continues past the context's end.
    const expected = await greedy(withoutCache(cpu), prompts, 24);
    expect(new Set(expected.flat()).size).toBeGreaterThan(3);
    for (const decoder of [cpu, gpu, withoutCache(gpu), alone])
      expect(await greedy(decoder, prompts, 24)).toEqual(expected);
    for (const decoder of [gpu, alone]) decoder.close();
  }
});

test('a step is one submit, and a closed device is reported', async () => {
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

test('tables and caches too large for a binding are processed in parts', async () => {
  // The table has 38,400 bytes, and each sequence 10,240 bytes of keys and values.
  const large = { ...config, vocabularySize: 300 };
  for (const tiedHead of [true, false]) {
    const shape = { ...large, tiedHead };
    const parameters = livelyParameters(shape, 8);
    for (const form of forms()) {
      const limited = { ...form, bindingBytes: 20 * 1024 };
      const decoder = await GpuDecoder.create(limited, shape, layoutOf(shape), parameters, { sequences: 3 });
      const held = [randomTokens(1, 70, shape), randomTokens(2, 2, shape), [299]];
      const read = await decoder.append(held.map((tokens, sequence) => ({ sequence, tokens })));
      for (const [i, tokens] of held.entries())
        expectNear(read[i], referenceLogits(shape, parameters, tokens));
      const next = await decoder.append([
        { sequence: 2, tokens: [0] },
        { sequence: 1, tokens: [155] },
      ]);
      expectNear(next[0], referenceLogits(shape, parameters, [299, 0]));
      expectNear(next[1], referenceLogits(shape, parameters, [...(held[1] ?? []), 155]));
      decoder.close();
    }
  }
});

test('keys and values too large for a binding are refused, and so is f16 on an adapter without it', async () => {
  const parameters = livelyParameters(config, 1);
  const create = (on: Device, storage: 'f32' | 'f16') =>
    GpuDecoder.create(on, config, layoutOf(config), parameters, { sequences: 2, storage });
  await expect(create({ ...device, bindingBytes: 10_000 }, 'f32')).rejects.toMatchObject({
    code: 'device.too-small',
    message: expect.stringContaining('keys and values of one text need 10240 bytes where 10000'),
  });
  await expect(create({ ...device, f16: false }, 'f16')).rejects.toMatchObject({ code: 'device.no-f16' });
});

test('f16 storage halves the memory of the cache and agrees with the reference', async () => {
  const made: number[] = [];
  const createBuffer = device.device.createBuffer.bind(device.device);
  // Larger weights, with attention on hardly more than one token, would amplify the rounding of f16.
  const parameters = livelyParameters(config, 6, 5);
  const tokens = randomTokens(7, 75);
  try {
    for (const storage of ['f32', 'f16'] as const) {
      let bytes = 0;
      device.device.createBuffer = (descriptor) => {
        if (['weights', 'keys and values'].includes(descriptor.label ?? '')) bytes += descriptor.size;
        return createBuffer(descriptor);
      };
      const options = { sequences: 2, storage };
      const decoder = await GpuDecoder.create(device, config, layoutOf(config), parameters, options);
      made.push(bytes);
      for (const count of [66, 1, 1, 7]) {
        const start = decoder.lengthOf(1);
        const [logits = new Float32Array()] = await decoder.append([
          { sequence: 1, tokens: tokens.slice(start, start + count) },
        ]);
        const expected = referenceLogits(config, parameters, tokens.slice(0, start + count));
        expect(relativeError(logits, expected)).toBeLessThan(storage === 'f16' ? 5e-3 : 1e-4);
      }
      decoder.close();
    }
  } finally {
    device.device.createBuffer = createBuffer;
  }
  expect(made[0]).toBeGreaterThan(0);
  expect(made[1]).toBe((made[0] ?? 0) / 2);
});

test('a trained model generates the text it learned, with either storage', async () => {
  const learned = Array.from({ length: 48 }, (_, i) => (i * i + 3 * i) % 11);
  const shape = { batch: 2, sequence: 47 };
  const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, gradientClip: 1 };
  const layout = layoutOf(config);
  const trainer = await Trainer.create(device, config, shape, settings);
  trainer.load(freshState(initialParameters(config, layout, 1)));
  const rows = (from: number) => Uint32Array.from([0, 1].flatMap(() => learned.slice(from, from + 47)));
  for (let step = 0; step < 200; step++) trainer.step({ inputs: rows(0), targets: rows(1) }, 5e-3);
  expect(await trainer.loss()).toBeLessThan(0.1);
  const parameters = await trainer.parameters();
  trainer.close();
  for (const storage of ['f32', 'f16'] as const) {
    const options = { sequences: 2, storage };
    const decoder = await GpuDecoder.create(device, config, layout, parameters, options);
    const said = await greedy(decoder, [learned.slice(0, 4), learned.slice(0, 20)], 28);
    expect(said).toEqual([learned.slice(4, 32), learned.slice(20)]);
    decoder.clear(0);
    const [logits = new Float32Array()] = await decoder.append([{ sequence: 0, tokens: learned }]);
    const expected = referenceLogits(config, parameters, learned);
    expect(relativeError(logits, expected)).toBeLessThan(storage === 'f16' ? 5e-3 : 1e-4);
    decoder.close();
  }
});

test('kernels are chosen once for everything that generation runs', async () => {
  // A device compiles a kernel once, and other tests compiled some on theirs.
  const own = await openNodeDevice();
  const asked: string[][] = [];
  const references: Chooser = async (sites) => {
    asked.push(sites.map(({ key }) => key));
    return new Map(sites.map(({ key, candidates: [{ variant }] }) => [key, variant]));
  };
  const compiled = new Set<string>();
  const compile = own.device.createComputePipelineAsync.bind(own.device);
  own.device.createComputePipelineAsync = (descriptor) => {
    compiled.add(descriptor.label ?? '');
    return compile(descriptor);
  };
  try {
    const create = async (options: { readonly choices?: Chooser }) => {
      compiled.clear();
      const shape = { sequences: 2, ...options };
      const decoder = await GpuDecoder.create(
        own,
        config,
        layoutOf(config),
        livelyParameters(config, 1),
        shape,
      );
      decoder.close();
      return [...compiled].some((label) => label.startsWith('few-rows'));
    };
    expect(await create({})).toBe(true);
    expect(await create({ choices: references })).toBe(false);
  } finally {
    own.close();
  }
  const sites = generationSites(device, config, { sequences: 2, storage: 'f32' });
  expect(asked).toEqual([sites.map(({ key }) => key)]);
  const rowsOf = (operation: string) =>
    new Set(sites.filter((site) => site.operation === operation).map(({ words }) => words[0]));
  expect(rowsOf('linear-forward')).toEqual(new Set([2, 64]));
  expect(rowsOf('cached-attention')).toEqual(new Set([2, 64]));
});

test('a long prompt is split into several submits and a token takes one, with the same logits', async () => {
  const own = await openNodeDevice();
  let submits = 0;
  const submit = own.device.queue.submit.bind(own.device.queue);
  own.device.queue.submit = (buffers) => {
    submits++;
    submit(buffers);
  };
  const real = performance.now.bind(performance);
  const tokens = randomTokens(9, 70);
  const parameters = livelyParameters(config, 3);
  /** Reads a prompt of two passes several times, then a token; only reading the clock moves it. */
  const read = async (tick: number) => {
    let now = 0;
    performance.now = () => (now += tick);
    try {
      const card = { ...own, software: false, subgroupSize: 0 };
      const decoder = await GpuDecoder.create(card, config, layoutOf(config), parameters, { sequences: 1 });
      const logits: (readonly Float32Array[])[] = [];
      const each: number[] = [];
      for (const addition of [tokens, tokens, tokens, tokens, [4]]) {
        if (addition.length > 1) decoder.clear(0);
        const before = submits;
        logits.push(await decoder.append([{ sequence: 0, tokens: addition }]));
        each.push(submits - before);
      }
      decoder.close();
      return { each, logits };
    } finally {
      performance.now = real;
    }
  };
  const whole = await read(0);
  expect(whole.each).toEqual([2, 2, 2, 2, 1]);
  // By this clock each submit takes at least a second.
  const split = await read(1000);
  expect(split.each[0]).toBe(2);
  expect(split.each[3]).toBeGreaterThan(5);
  expect(split.logits).toEqual(whole.logits);
  own.close();
});
