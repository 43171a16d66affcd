import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ContributorEvent } from '../../../../client/contribute/events.ts';
import { LocalTraining } from '../../../../client/contribute/round/local-training.ts';
import { byteTokenizer } from '../../../../client/data/tokenizer.ts';
import { openDevice } from '../../../../client/gpu/device.ts';
import { nodeGpu, nodeRuntime } from '../../../../client/host/node/runtime.ts';
import { initialParameters } from '../../../../client/model/parameters.ts';
import type { Runtime } from '../../../../client/runtime.ts';
import { tinyCorpus, tinyTerms } from '../../../support/contribute/harness.ts';
import { plantedKernels } from '../../../support/train/planted-kernel.ts';
import { memoryFiles } from '../../../support/tuned-store.ts';
import { watchDevices } from '../../../support/watch-devices.ts';

const never = new AbortController().signal;
const base = initialParameters(tinyTerms.config, tinyTerms.layout, 1);

let cache = memoryFiles();
let events: ContributorEvent[] = [];
let opened: LocalTraining[] = [];
beforeEach(() => {
  cache = memoryFiles();
  events = [];
  opened = [];
});
afterEach(() => {
  for (const training of opened) training.close();
});

/** Opens the model as a newly started node does. */
async function start(gpu: () => Promise<GPU>): Promise<LocalTraining> {
  const runtime: Runtime = { ...nodeRuntime({ folder: '/nowhere' }), files: memoryFiles(), cache, gpu };
  const tell = (event: ContributorEvent) => events.push(event);
  const options = { corpus: tinyCorpus('even'), tokenizer: byteTokenizer, seed: 5, power: 1, tell };
  const training = await LocalTraining.open(runtime, await openDevice(await gpu()), tinyTerms, options);
  opened.push(training);
  return training;
}

function train(training: LocalTraining, round: number) {
  const begun = { round, base: '', attempt: 1, localSteps: 1, normBound: 1 };
  return training.train(begun, { parameters: base, measured: base }, () => Number.POSITIVE_INFINITY, never);
}

const demoted = () => events.flatMap((event) => (event.event === 'kernels-demoted' ? event.kernels : []));

test('a wrong kernel is replaced by the reference kernel, and remembered on the adapter', async () => {
  // Every kernel of this product but the reference, whichever the adapter prefers.
  const gpu = async () =>
    plantedKernels(
      await nodeGpu(),
      'backwardWeight',
      (shader) => shader !== 'matmul' && /matmul/i.test(shader),
    );
  const right = await (await start(nodeGpu)).checkpoint.kernels;
  const wrong = Object.entries(right.kernels).filter(([key]) => key.startsWith('linear-backward-weight '));
  expect(wrong.map(([, { variant }]) => variant)).not.toContain('rows');

  const { kernels } = (await start(gpu)).checkpoint.kernels;
  expect(new Set(demoted())).toEqual(
    new Set(wrong.map(([, { variant }]) => `linear-backward-weight, ${variant}`)),
  );
  for (const [key] of wrong) expect(kernels[key]?.variant).toBe('rows');
  for (const [key, { variant }] of Object.entries(right.kernels))
    if (!key.startsWith('linear-backward-weight ')) expect(kernels[key]?.variant).toBe(variant);

  events = [];
  expect((await start(gpu)).checkpoint.kernels.kernels).toEqual(kernels);
  expect(demoted()).toEqual([]);
});

test('an adapter whose reference kernels are wrong does not train', async () => {
  const gpu = async () => plantedKernels(await nodeGpu(), 'update', (shader) => shader === 'adamw');
  await expect(start(gpu)).rejects.toMatchObject({ code: 'adapter.wrong-numbers' });
  expect(demoted()).toEqual([]);
});

test('an adapter that becomes wrong stops before its eleventh round', async () => {
  let broken = false;
  const gpu = async () =>
    watchDevices(await nodeGpu(), ({ queue }) => {
      const write = queue.writeBuffer.bind(queue);
      queue.writeBuffer = (buffer, offset, data, start, size) => {
        const isStep = broken && buffer.label === 'step values';
        write(buffer, offset, isStep ? new Float32Array(12) : data, start, size);
        return undefined;
      };
    });
  const training = await start(gpu);
  for (let round = 1; round <= 10; round++) {
    await train(training, round);
    broken = round >= 2;
  }
  await expect(train(training, 11)).rejects.toMatchObject({ code: 'adapter.wrong-numbers' });
});
