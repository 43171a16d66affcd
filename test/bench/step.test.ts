import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { ProcessSeat } from '../../bench/step/seat.ts';
import { benchConfig } from '../../bench/step/workload.ts';
import { type StepRecord, stepBench } from '../../bench/step.ts';
import { built } from '../system/built.ts';

let headless: string;
beforeAll(async () => {
  headless = dirname((await built()).tapestry);
});

const workload = {
  config: { ...benchConfig, layers: 1, dimension: 64, feedForward: 128 },
  batch: 1,
  sequence: 32,
  storage: 'f32',
} as const;

test('the step bench measures a model that trains, with one submit a step', async () => {
  const records: StepRecord[] = [];
  for await (const record of stepBench({
    workload,
    preset: 'bench',
    headless,
    platforms: ['node'],
    sampled: 3,
    peers: false,
    rounds: 2,
    steps: 7,
  }))
    records.push(record);
  const [contender, sampling, summary] = records;
  expect(records).toHaveLength(3);
  expect(contender).toMatchObject({ event: 'contender', contender: 'tapestry', submits: 1 });
  if (contender === undefined || !('event' in contender)) throw new Error('no contender');
  expect(sampling).toMatchObject({ contender: 'tapestry, 3 texts sampled', submits: expect.any(Number) });
  expect(contender.lastLoss).toBeLessThan(contender.firstLoss);
  expect(contender.bestMsPerStep).toBeLessThanOrEqual(contender.msPerStep);
  expect(contender.processorMsPerStep).toBeGreaterThan(0);
  expect(summary).toMatchObject({
    bench: 'step',
    tokensPerSecond: { tapestry: contender.tokensPerSecond, 'tapestry, 3 texts sampled': expect.any(Number) },
    ratios: { 'tapestry, 3 texts sampled': expect.any(Number) },
    submits: 1,
    dispatches: expect.any(Number),
    coldStartSeconds: expect.any(Number),
    warmStartSeconds: expect.any(Number),
  });
  if (summary === undefined || 'event' in summary) throw new Error('no summary');
  expect(summary.dispatches).toBeGreaterThan(10);
  expect(summary.roofline.matmulGflops).toBeGreaterThan(0);
  expect(summary.gpuBytes).toBeGreaterThan(4 * 4 * summary.parameters);
  expect(summary.predictedBytes).toBeGreaterThan(4 * 4 * summary.parameters);
});

test('the error for a contender that ends without a result quotes its output', async () => {
  const seat = new ProcessSeat(process.execPath, [
    '--eval',
    'console.error("no such engine"); process.exit(3)',
  ]);
  await expect(seat.turn(1)).rejects.toMatchObject({
    code: 'bench.contender',
    message: expect.stringContaining('no such engine'),
  });
  await seat.close();
});

test('the bundles contain no code of the peers', async () => {
  const files = await readdir(headless, { recursive: true, withFileTypes: true });
  const scripts = files.filter(({ name }) => name.endsWith('.js'));
  expect(scripts.length).toBeGreaterThan(3);
  for (const { parentPath, name } of scripts)
    expect(await readFile(join(parentPath, name), 'utf8'), name).not.toMatch(
      /WasmWorkerPool|UnsortedSegmentSum/,
    );
});
