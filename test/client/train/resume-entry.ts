import { Sampler } from '../../../client/data/sampler.ts';
import { WordTokens } from '../../../client/data/tokens.ts';
import { openDevice } from '../../../client/gpu/device.ts';
import type { Chooser } from '../../../client/gpu/program.ts';
import { keptKernels } from '../../../client/gpu/tuning/kernel-record.ts';
import { diskFiles } from '../../../client/host/disk.ts';
import { nodeGpu } from '../../../client/host/node/runtime.ts';
import { initialParameters } from '../../../client/model/parameters.ts';
import { decodeCheckpoint, encodeCheckpoint, recipeHash } from '../../../client/train/checkpoint.ts';
import { learningRateAt, type Schedule } from '../../../client/train/optimizer/schedule.ts';
import { Trainer, type TrainerOptions } from '../../../client/train/trainer.ts';
import { freshState, type OptimizerSettings } from '../../../client/train/training.ts';
import { config, settings, shape } from '../../support/train/small-run.ts';

/*
 * node entry.js FOLDER TO RUN [FROM]: trains to step TO and writes a checkpoint TO.safetensors in the folder; from the
 * checkpoint FROM.safetensors where one is named, otherwise from the beginning.
 */
const [folder = '', to = '', run = '', from] = process.argv.slice(2);
const runs: Readonly<Record<string, [OptimizerSettings, TrainerOptions]>> = {
  plain: [settings, {}],
  // With these settings the loss scale rises and falls during training.
  mixed: [
    { ...settings, muon: { momentum: 0.95 } },
    { storage: 'f16', accumulation: 2, lossScaling: { initialScale: 2 ** 24, growthInterval: 10 } },
  ],
};
const [optimizer, options] = runs[run] ?? [settings, {}];
const schedule: Schedule = {
  kind: 'warmup-stable-decay',
  peak: 3e-3,
  warmupSteps: 20,
  totalSteps: 1000,
  decaySteps: 200,
  finalFraction: 0,
};
const whole = { ...shape, batch: 2 * shape.batch };
const recipe = recipeHash({ config, shape: whole, optimizer, options, schedule });
const files = diskFiles(folder);
const device = await openDevice(await nodeGpu());
const saved = from === undefined ? null : await files.read(`${from}.safetensors`);
const checkpoint = saved && (await decodeCheckpoint(saved, recipe));
const guesses: Chooser = async () => new Map();
const choices = checkpoint
  ? keptKernels(device, checkpoint.kernels, guesses, (change) => console.error(`other kernels: ${change}`))
  : guesses;
const trainer = await Trainer.create(device, config, whole, optimizer, { ...options, choices });
const tokens = WordTokens.of(
  Uint32Array.from({ length: 5000 }, (_, i) => (i * i + (i >> 3)) % config.vocabularySize),
);
const sampler = new Sampler(tokens, whole, 7);
trainer.load(checkpoint?.state ?? freshState(initialParameters(config, trainer.layout, 7)));
if (checkpoint) sampler.restore(checkpoint.sampler);
const first = await trainer.save();
for (let step = first.step; step < Number(to); step++) {
  trainer.step(sampler.next(), learningRateAt(step, schedule));
  if (step % 10 === 9) await trainer.loss();
}
const state = await trainer.save();
const bytes = await encodeCheckpoint(recipe, { state, sampler: sampler.save(), kernels: trainer.kernels });
await files.write(`${to}.safetensors`, bytes);
console.log(JSON.stringify({ from: first.step, loss: await trainer.loss(), ...state.scaling }));
trainer.close();
device.close();
