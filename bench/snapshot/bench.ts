import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSnapshot, type NodeSnapshot } from '../../client/contribute/round/node-snapshot.ts';
import { openDevice } from '../../client/gpu/device.ts';
import { diskFiles } from '../../client/host/disk.ts';
import { nodeGpu } from '../../client/host/node/runtime.ts';
import { type PresetName, presets } from '../../client/model/config.ts';
import { initialParameters, layoutOf } from '../../client/model/parameters.ts';
import { Trainer } from '../../client/train/trainer.ts';
import { freshState } from '../../client/train/training.ts';
import { optimizer } from '../step/workload.ts';

export interface SnapshotBenchOptions {
  readonly presets: readonly PresetName[];
  readonly repeats: number;
}

/** Parameters, two moments and the residual, in bytes a parameter. */
const bytesEach = 16;

/**
 * What storing a round in work costs, for each preset the median of several snapshots. Training waits for `readMilliseconds`, the copy off
 * the device; `storeMilliseconds`, hash and disk, pass while it goes on. `processorMilliseconds` is what both take of a processor.
 */
export async function* snapshotBench({ presets: names, repeats }: SnapshotBenchOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'tapestry-snapshot-'));
  try {
    for (const preset of names) yield await measured(preset, repeats, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measured(preset: PresetName, repeats: number, folder: string) {
  const config = presets[preset];
  const layout = layoutOf(config);
  const device = await openDevice(await nodeGpu());
  const files = diskFiles(folder);
  const trainer = await Trainer.create(device, config, { batch: 1, sequence: 16 }, optimizer);
  trainer.load(freshState(initialParameters(config, layout, 1)));
  await trainer.save();
  const [read, store, processor]: [number[], number[], number[]] = [[], [], []];
  let bytes = 0;
  for (let i = 0; i < repeats; i++) {
    const usedBefore = process.cpuUsage();
    const startedAt = performance.now();
    const { parameters, ...state } = await trainer.save();
    const readAt = performance.now();
    const done = { steps: 1, readings: [], heldOutLoss: 1, updatesBefore: 0 };
    const snapshot: NodeSnapshot = {
      ...{ after: null, part: 'whole', round: 1, joinedAt: null, own: null },
      checkpoint: { state, sampler: {}, kernels: trainer.kernels },
      residual: new Float32Array(layout.length),
      unfinished: { base: '00'.repeat(32), parameters, done },
    };
    const encoded = await encodeSnapshot('00'.repeat(32), snapshot);
    await files.write('snapshot.safetensors', encoded);
    bytes = encoded.length;
    read.push(readAt - startedAt);
    store.push(performance.now() - readAt);
    const { user, system } = process.cpuUsage(usedBefore);
    processor.push((user + system) / 1000);
  }
  trainer.close();
  device.close();
  return {
    ...{ preset, parameters: layout.length, predictedBytes: bytesEach * layout.length, bytes },
    readMilliseconds: median(read),
    storeMilliseconds: median(store),
    processorMilliseconds: median(processor),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round((sorted[Math.floor(sorted.length / 2)] ?? 0) * 10) / 10;
}
