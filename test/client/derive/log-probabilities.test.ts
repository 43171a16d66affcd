import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Example } from '../../../client/data/example.ts';
import { ExampleSampler } from '../../../client/data/example-sampler.ts';
import {
  logProbabilitiesOf,
  referenceLogProbabilities,
  sumOfLogProbabilities,
} from '../../../client/derive/log-probabilities.ts';
import {
  preferenceBatch,
  preferenceObjective,
} from '../../../client/derive/objectives/kernels/preference.ts';
import { preferenceMetrics } from '../../../client/derive/objectives/preference.ts';
import type { Device } from '../../../client/gpu/device.ts';
import { Random } from '../../../client/random.ts';
import { Trainer } from '../../../client/train/trainer.ts';
import { openNodeDevice } from '../../support/gpu-node.ts';
import { config, fresh, settings } from '../../support/train/small-run.ts';

const shape = { batch: 4, sequence: 12 };
let device: Device;
let trainer: Trainer;
beforeAll(async () => {
  device = await openNodeDevice();
  trainer = await Trainer.create(device, config, shape, settings, { objective: preferenceObjective });
});
afterAll(() => {
  trainer.close();
  device.close();
});

/** Pairs in a row: a prompt, then an answer of even tokens (chosen) or of odd ones (rejected). */
function pairsOf(count: number, seed: number): Example[] {
  const random = Random.seeded(seed);
  return Array.from({ length: count }, () => {
    const prompt = Array.from({ length: 3 }, () => random.below(32));
    const answer = (odd: number) => {
      const tokens = Array.from({ length: 4 + random.below(4) }, () => 2 * random.below(16) + odd);
      const marks = [...prompt.map(() => 0), ...tokens.map(() => 1)];
      return { tokens: Uint32Array.of(...prompt, ...tokens), carriesLoss: Uint8Array.from(marks) };
    };
    return [answer(0), answer(1)];
  }).flat();
}

function inPairs<Answer>(answers: readonly Answer[]): { chosen: Answer; rejected: Answer }[] {
  return answers.flatMap((chosen, i) => {
    const rejected = answers[i + 1];
    return i % 2 === 0 && rejected !== undefined ? [{ chosen, rejected }] : [];
  });
}

function memoryFiles() {
  const kept = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    kept,
    read: async (name: string) => kept.get(name) ?? null,
    write: async (name: string, bytes: Uint8Array<ArrayBuffer>) => {
      kept.set(name, bytes);
    },
    remove: async (name: string) => void kept.delete(name),
  };
}

test('an example has the same log-probabilities alone and packed with others', async () => {
  trainer.load(fresh(1, 4));
  const examples = pairsOf(9, 1);
  const together = await logProbabilitiesOf(trainer, examples, shape);
  for (const [i, example] of examples.entries()) {
    const [alone = new Float32Array()] = await logProbabilitiesOf(trainer, [example], shape);
    const packed = together[i] ?? new Float32Array();
    expect(packed.length).toBe(example.tokens.length - 1);
    alone.forEach((value, t) => {
      expect(Math.abs(value - (packed[t] ?? Number.NaN))).toBeLessThan(1e-5);
    });
    expect([...packed.subarray(0, 2)]).toEqual([0, 0]);
    expect(packed.subarray(2).every((value) => value < 0)).toBe(true);
  }
});

test('a reference is computed once, kept by hash, and computed again if its file is damaged', async () => {
  trainer.load(fresh(1, 4));
  const asked = vi.spyOn(trainer, 'logProbabilities');
  const files = memoryFiles();
  const options = { trainer, model: 'a', examples: pairsOf(5, 2), shape, files };
  const first = await referenceLogProbabilities(options);
  const batches = asked.mock.calls.length;
  expect(batches).toBeGreaterThan(0);
  trainer.load(fresh(2, 4));
  expect(await referenceLogProbabilities(options)).toEqual(first);
  expect(asked.mock.calls.length).toBe(batches);
  for (const other of [{ model: 'b' }, { examples: pairsOf(5, 3) }])
    expect(await referenceLogProbabilities({ ...options, ...other })).not.toEqual(first);
  expect(files.kept.size).toBe(3);
  trainer.load(fresh(1, 4));
  for (const [name, bytes] of files.kept) files.kept.set(name, bytes.slice(0, -4));
  expect(await referenceLogProbabilities(options)).toEqual(first);
  expect(await referenceLogProbabilities(options)).toEqual(first);
  asked.mockRestore();
});

test('DPO teaches which answers are preferred: accuracy and margin rise, and the loss falls', async () => {
  trainer.load(fresh(3, 2));
  const [examples, heldOut] = [pairsOf(40, 4), pairsOf(20, 5)];
  const sumsOf = async (those: readonly Example[]) =>
    (await logProbabilitiesOf(trainer, those, shape)).map(sumOfLogProbabilities);
  const references = await sumsOf(examples);
  const before = await sumsOf(heldOut);
  const kind = { kind: 'dpo', beta: 0.1 } as const;
  const sampler = new ExampleSampler(examples, shape, 1, { kind: 'padded', together: 2 });
  const losses: number[] = [];
  for (let step = 0; step < 60; step++) {
    const batch = sampler.next();
    const placed = batch.places.map((place) => ({ place, reference: references[place.example] ?? 0 }));
    trainer.step(preferenceBatch(kind, batch, inPairs(placed)), 5e-3);
    if (step % 59 === 0) losses.push(await trainer.loss());
  }
  expect(losses[0]).toBeCloseTo(Math.log(2), 3);
  expect(losses[1]).toBeLessThan(0.2);
  const after = await sumsOf(heldOut);
  const answers = after.map((logProbability, i) => ({
    logProbability,
    tokens: 1,
    reference: before[i] ?? 0,
  }));
  const metrics = preferenceMetrics(kind, inPairs(answers));
  expect(metrics.accuracy).toBeGreaterThan(0.9);
  expect(metrics.margin).toBeGreaterThan(0.3);
});
