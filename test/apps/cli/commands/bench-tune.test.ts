import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { benchCommand } from '../../../../apps/cli/commands/bench.ts';
import type { Device } from '../../../../client/gpu/device.ts';
import { openDevice } from '../../../../client/gpu/device.ts';
import { distinctSites } from '../../../../client/gpu/program.ts';
import { triable } from '../../../../client/gpu/tuning/trials.ts';
import { digestOf, type Tuning } from '../../../../client/gpu/tuning/tuner.ts';
import { saveTunings, tuningFile } from '../../../../client/gpu/tuning/tunings.ts';
import { diskFiles } from '../../../../client/host/disk.ts';
import { nodeGpu } from '../../../../client/host/node/runtime.ts';
import { presets } from '../../../../client/model/config.ts';
import { generationSites } from '../../../../client/model/generate/generation-program.ts';
import { stepSites } from '../../../../client/train/step-sites.ts';

let device: Device;
let folder: string;
let known: Map<string, Tuning>;

/** All but one operation is known already, because measuring everything would compile everything. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapestry-tune-'));
  device = await openDevice(await nodeGpu());
  const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, gradientClip: 1 };
  const sites = distinctSites([
    ...stepSites(device, presets.nano, { batch: 1, sequence: 16 }, settings),
    ...generationSites(device, presets.nano, { sequences: 1, storage: 'f32' }),
  ]);
  known = new Map(
    triable(device, sites).map((site) => {
      const { key, operation, words, storage, candidates, guess } = site;
      const measurements = candidates.map(({ variant }, i) =>
        variant === 'rows' && candidates.length > 1
          ? { variant, microseconds: null, refused: 'made up' }
          : { variant, microseconds: 12.34 + i, refused: null },
      );
      const chosen = candidates.at(-1)?.variant ?? guess.variant;
      const tuning = { key, operation, words, storage, guess: guess.variant, chosen, measurements };
      return [key, { ...tuning, candidates: digestOf(site) }];
    }),
  );
});
afterAll(async () => {
  device.close();
  await rm(folder, { recursive: true });
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

async function run(...words: string[]): Promise<string> {
  vi.stubEnv('TAPESTRY_CACHE', folder);
  let said = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  await benchCommand().parseAsync(['tune', '--batch', '1', '--sequence', '16', ...words], { from: 'user' });
  vi.restoreAllMocks();
  return said;
}

test('bench tune shows stored measurements without measuring', async () => {
  await saveTunings(diskFiles(folder), device, known);
  const said = await run();
  expect(said).toMatch(/^operation +shape +kernel +µs/);
  expect(said).toMatch(/attention-forward +f32, sequence 16, heads 4, .*rows +- +refused: made up/);
  expect(said).toMatch(/cached-attention +f32, rows 1, heads 4, .*12\.3/);
  expect(said).toMatch(/rms-norm-forward +f32, rows 16, vectors 32, .*12\.3/);
  expect(said).toMatch(/ +\d+\.3 +chosen/);
  expect(said).toContain(`0 shapes measured`);
  expect(said).toContain(`${known.size} known before`);
  expect(said).toContain(tuningFile(device));
});

test('bench tune measures and stores unknown operations, and --json reports all of them', async () => {
  const forgotten = [...known.values()].filter(({ operation }) => operation === 'rms-norm-forward');
  await saveTunings(
    diskFiles(folder),
    device,
    new Map([...known].filter(([, { operation }]) => operation !== 'rms-norm-forward')),
  );
  const lines = async () =>
    (await run('--json'))
      .trim()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
  const first = await lines();
  expect(first.at(-1)).toMatchObject({
    event: 'tuned',
    adapter: device.name,
    driver: device.identity,
    measured: forgotten.length,
    remembered: known.size - forgotten.length,
  });
  const tunings = first.filter(({ event }) => event === 'tuning');
  expect(tunings).toHaveLength(known.size);
  expect(tunings.find(({ operation }) => operation === 'rms-norm-forward')).toMatchObject({
    measurements: forgotten[0]?.measurements.map(({ variant }) => ({
      variant,
      microseconds: expect.any(Number),
      refused: null,
    })),
  });
  expect((await lines()).at(-1)).toMatchObject({ measured: 0, remembered: known.size });
});

test.each([
  [['--preset', 'huge']],
  [['--storage', 'f64']],
  [['--batch', '0']],
  [['--sequence', 'many']],
  [['--prompts', '9']],
])('%j cannot be read', async (words) => {
  const command = benchCommand();
  for (const each of [command, ...command.commands])
    each.exitOverride().configureOutput({ writeErr: () => undefined });
  await expect(command.parseAsync(['tune', ...words], { from: 'user' })).rejects.toMatchObject({
    code: 'commander.invalidArgument',
  });
});
