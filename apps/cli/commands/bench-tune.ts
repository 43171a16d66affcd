import { join } from 'node:path';
import { Option } from 'commander';
import { type Device, openDevice, requireStorage } from '../../../client/gpu/device.ts';
import { distinctSites, type RecordedSite } from '../../../client/gpu/program.ts';
import { isMeasured, measureAndKeep } from '../../../client/gpu/tuning/measured-kernels.ts';
import { triable } from '../../../client/gpu/tuning/trials.ts';
import type { Tuning } from '../../../client/gpu/tuning/tuner.ts';
import { loadTunings, tuningFile, tuningOf } from '../../../client/gpu/tuning/tunings.ts';
import { cacheFiles, cacheFolder } from '../../../client/host/cache.ts';
import { nodeGpu } from '../../../client/host/node/runtime.ts';
import { type PresetName, presetNames, presets } from '../../../client/model/config.ts';
import { generationSites } from '../../../client/model/generate/generation-program.ts';
import { mostAtOnce } from '../../../client/model/generate/open-decoder.ts';
import { stepSites } from '../../../client/train/step-sites.ts';
import { shaders } from '../../../shaders/index.ts';
import type { Precision } from '../../../shaders/shader.ts';
import { Command } from '../command.ts';
import { exit } from '../exit-codes.ts';
import { whole, withExamples, withJson } from '../options.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { Output } from '../terminal/output.ts';
import { aligned } from '../terminal/table.ts';

interface TuneFlags {
  readonly preset: PresetName;
  readonly batch: number;
  readonly sequence?: number;
  readonly prompts: number;
  readonly storage: Precision;
  readonly fresh: boolean;
  readonly json: boolean;
}

/** Measures the kernels of training and generation on this adapter, remembers the best, and shows them all. */
export function tuneCommand(): Command {
  const command = new Command('tune')
    .description(
      'Tries each variant of the kernels of training and generation on this adapter, and remembers the fastest of those that are right. ' +
        'Training and generation use the remembered kernels (in TAPESTRY_CACHE, or where this system keeps caches). Shapes that were measured before are only shown.',
    )
    .addOption(new Option('--preset <name>', 'size of the model').choices(presetNames).default('nano'))
    .option('--batch <count>', 'windows of text a step', whole(1, 65_535), 4)
    .option('--sequence <tokens>', "tokens of a window (default: the preset's context)", whole(1, 65_536))
    .option('--prompts <count>', 'texts that are generated side by side', whole(1, mostAtOnce), 1)
    .addOption(new Option('--storage <format>', 'of activations').choices(['f32', 'f16']).default('f32'))
    .option('--fresh', 'measure again what was measured before', false)
    .action(showTunings);
  return withExamples(withJson(command), [
    'tapestry bench tune',
    'tapestry bench tune --preset small --batch 8 --storage f16 --json',
  ]);
}

/** Any values will do: the choice of kernels does not depend on them. */
const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 };

async function showTunings(flags: TuneFlags): Promise<void> {
  const output = new Output(flags.json);
  const interrupt = new Interrupt(output, 'Unfinished measurements are dropped.');
  const device = await openDevice(await nodeGpu());
  try {
    requireStorage(device, flags.storage);
    await measure(device, flags, output, interrupt.signal);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    process.exitCode = exit.interrupted;
  } finally {
    device.close();
  }
}

async function measure(device: Device, flags: TuneFlags, output: Output, signal: AbortSignal): Promise<void> {
  const folder = cacheFolder();
  const store = cacheFiles(folder);
  const known = await loadTunings(store, device);
  const config = presets[flags.preset];
  const { batch, sequence = config.contextLength, storage } = flags;
  const sites = distinctSites([
    ...stepSites(device, config, { batch, sequence }, optimizer, { storage }),
    ...generationSites(device, config, { sequences: flags.prompts, storage }),
  ]);
  const choices = triable(device, sites);
  const unknown = choices.filter((site) => {
    const tuning = tuningOf(known, site);
    return flags.fresh || tuning === undefined || !isMeasured(tuning);
  });
  const startedAt = performance.now();
  if (unknown.length > 0) output.log(`Measuring ${unknown.length} shapes on ${device.name} …`);
  const measured = await measureAndKeep(device, store, known, unknown, {
    signal,
    onTuned: ({ operation }, done, all) => output.draw([`${done} of ${all}: ${operation}`]),
  });
  for (const tuning of measured) known.set(tuning.key, tuning);
  const shown = choices.flatMap((site) => {
    const tuning = tuningOf(known, site);
    return tuning === undefined ? [] : [{ site, tuning }];
  });
  if (output.json) for (const { tuning } of shown) output.result({ event: 'tuning', ...tuning }, '');
  else for (const line of table(shown)) output.result({ event: 'tuning' }, line);
  const seconds = (performance.now() - startedAt) / 1000;
  const summary = {
    adapter: device.name,
    driver: device.identity,
    measured: measured.length,
    remembered: shown.length - measured.length,
    withoutChoice: sites.length - choices.length,
    seconds,
    file: folder === null ? null : join(folder, tuningFile(device)),
  };
  output.result(
    { event: 'tuned', ...summary },
    [
      `${device.name}: ${measured.length} shapes measured in ${seconds.toFixed(1)} s, ${summary.remembered} known before.`,
      `${summary.withoutChoice} more have one kernel only, or cannot be tried on made-up values.`,
      summary.file === null
        ? 'Not remembered: there is no cache folder. Name one with the variable TAPESTRY_CACHE.'
        : `Remembered in ${summary.file} until the driver or the kernels change.`,
    ].join('\n'),
  );
}

/** A row for each candidate, with what became of it. */
function table(shown: readonly { site: RecordedSite; tuning: Tuning }[]): string[] {
  const rows = shown.flatMap(({ site, tuning }) =>
    tuning.measurements.map(({ variant, microseconds, refused }, i) => [
      i === 0 ? tuning.operation : '',
      i === 0 ? shapeOf(site) : '',
      variant,
      microseconds === null ? '-' : microseconds.toFixed(microseconds < 100 ? 1 : 0),
      verdict(tuning, variant, refused),
    ]),
  );
  return aligned([['operation', 'shape', 'kernel', 'µs', ''], ...rows], (column) => column !== 3);
}

function verdict({ chosen, guess }: Tuning, variant: string, refused: string | null): string {
  if (refused !== null) return `refused: ${refused}`;
  if (variant !== chosen) return variant === guess ? 'would be the guess' : '';
  return variant === guess ? 'chosen' : 'chosen in place of the guess';
}

/** The shape's whole numbers, by the names that the shader gives them. */
function shapeOf({ candidates: [{ shader }], words, storage }: RecordedSite): string {
  const names = shaders[shader].shapeFields;
  const numbers = names
    .slice(0, words.length)
    .flatMap(({ name, type }, i) => (type === 'u32' ? [`${name} ${words[i] ?? 0}`] : []));
  return [storage, ...numbers].join(', ');
}
